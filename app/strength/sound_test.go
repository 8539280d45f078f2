package strength_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/trustelem/zxcvbn/frequency"

	"github.com/vaultsphere/vaultsphere/app/generate"
	"github.com/vaultsphere/vaultsphere/app/strength"
)

// Random combinations of what people use in passwords: Weak must agree with Of.
func TestWeakAgreesWithTheEstimate(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 1))
	var lists [][]string
	for _, list := range []string{"passwords", "surnames", "us_tv_and_film", "english_wikipedia"} {
		lists = append(lists, frequency.FrequencyLists[list])
	}
	parts := []func() string{
		func() string { list := lists[r.IntN(len(lists))]; return list[r.IntN(len(list))] },
		func() string { list := lists[r.IntN(len(lists))]; return list[r.IntN(min(len(list), 300))] },
		func() string { return "qwertyuiopasdfghjkl;zxcvbnm,./"[r.IntN(10):][:3+r.IntN(15)] },
		func() string { return "1qaz2wsx3edc4rfv5tgb"[:4+4*r.IntN(5)] },
		func() string { return strings.Repeat("aB1!"[:1+r.IntN(4)], 2+r.IntN(5)) },
		func() string { return "abcdefghijklmnopqrstuvwxyz"[r.IntN(8):][:3+r.IntN(15)] },
		func() string { return "13.05.1997"[:[]int{4, 6, 10}[r.IntN(3)]] },
		func() string { return "!#%-_ "[r.IntN(6):][:1] },
		func() string { return "äß字"[:[]int{2, 4, 7}[r.IntN(3)]] },
		func() string { return "xK9#mQ2$wZ"[:1+r.IntN(7)] },
	}
	leet := strings.NewReplacer("a", "4", "e", "3", "o", "0", "s", "$", "i", "!", "t", "7")
	weak, sound := 0, 0
	for range 1500 {
		var b strings.Builder
		for range 1 + r.IntN(3) {
			part := parts[r.IntN(len(parts))]()
			switch r.IntN(6) {
			case 0:
				part = strings.ToUpper(part)
			case 1:
				part = leet.Replace(part)
			case 2:
				if part != "" {
					part = strings.ToUpper(part[:1]) + part[1:]
				}
			}
			b.WriteString(part)
		}
		password := b.String()
		want := strength.Of(password).Score < 3
		if strength.Weak(password) != want {
			t.Errorf("%q: the estimate says weak: %t", password, want)
		}
		if want {
			weak++
		} else {
			sound++
		}
	}
	if weak < 200 || sound < 200 {
		t.Errorf("the samples are one-sided: %d weak, %d sound", weak, sound)
	}
}

func BenchmarkWeak(b *testing.B) {
	var made []string
	for range 1000 {
		password, _, err := generate.Password(generate.PasswordRules{Length: 16, Lower: true, Upper: true, Digits: true, Symbols: true})
		if err != nil {
			b.Fatal(err)
		}
		made = append(made, password)
	}
	strength.Weak(made[0])
	for i := 0; b.Loop(); i++ {
		strength.Weak(made[i%len(made)])
	}
}
