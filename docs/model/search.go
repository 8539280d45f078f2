package main

import "hash/maphash"

// A result is what a search found.
type result struct {
	states int
	depth  int
	broken property // 0: every property holds
	trace  []step
	full   bool // the search ended before its limit
}

// maxStates bounds the memory of a search: about 100 bytes for each state.
const maxStates = 8_000_000

// A fingerprint stands for a state. With 128 bits, two of ten million states share one with a probability of 10⁻²⁵.
type fingerprint [2]uint64

// A node is a state that the search reached, and how.
type node struct {
	parent int32
	by     step
}

// A waiting state is in the search's frontier.
type waiting struct {
	number int32
	state  state
}

// A search is breadth-first, so the first trace that breaks a property is a shortest one.
type search struct {
	m      *model
	wants  property
	seeds  [2]maphash.Seed
	seen   map[fingerprint]int32
	nodes  []node
	count  int32 // of nodes
	next   []waiting
	edges  [][2]int32 // backwards; these two only if the scenario asks for progress
	reward []bool     // whether everybody is back at work
}

// run explores everything within the bounds of the model's scenario, until something breaks the wanted property, or any if that is 0.
func run(m *model, wants property) result {
	s := &search{m: m, wants: wants, seen: map[fingerprint]int32{}, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
	s.reach(m.start, -1, step{})
	depth := -1
	for len(s.next) > 0 && len(s.nodes) < maxStates {
		depth++
		level := s.next
		s.next = nil
		for i := range level {
			if broken := s.expand(&level[i]); broken != 0 {
				return result{states: len(s.nodes), depth: depth + 1, broken: broken, trace: s.trace(s.count - 1), full: true}
			}
		}
	}
	found := result{states: len(s.nodes), depth: depth, full: len(s.next) == 0}
	if m.scenario.progress && (wants == 0 || wants == stuck) {
		if at := s.deadEnd(); at >= 0 {
			found.broken, found.trace = stuck, s.trace(at)
		}
	}
	return found
}

// expand visits the successors of a state. It stops at one that breaks the property.
func (s *search) expand(from *waiting) (broken property) {
	s.m.next(from.state, func(by step, to state) {
		if broken != 0 || s.wants != 0 && to.broken != 0 && to.broken != s.wants {
			return
		}
		s.reach(to, from.number, by)
		broken = to.broken
	})
	return broken
}

func (s *search) reach(to state, from int32, by step) {
	print := fingerprint{maphash.Comparable(s.seeds[0], to), maphash.Comparable(s.seeds[1], to)}
	i, ok := s.seen[print]
	if !ok {
		i = s.count
		s.count++
		s.seen[print] = i
		s.nodes = append(s.nodes, node{from, by})
		s.next = append(s.next, waiting{i, to})
	}
	if !s.m.scenario.progress {
		return
	}
	if !ok {
		s.reward = append(s.reward, s.m.finished(&to))
	}
	if from >= 0 {
		s.edges = append(s.edges, [2]int32{i, from})
	}
}

// deadEnd finds the first state from which no path leads to one in which everybody is back at work.
func (s *search) deadEnd() int32 {
	good := s.reward
	// Most edges lead from a lower number to a higher one, so a few rounds from the end suffice.
	for changed := true; changed; {
		changed = false
		for i := len(s.edges) - 1; i >= 0; i-- {
			if e := s.edges[i]; good[e[0]] && !good[e[1]] {
				good[e[1]], changed = true, true
			}
		}
	}
	for i, ok := range good {
		if !ok {
			return int32(i)
		}
	}
	return -1
}

func (s *search) trace(at int32) []step {
	if s.nodes[at].parent < 0 {
		return nil
	}
	return append(s.trace(s.nodes[at].parent), s.nodes[at].by)
}
