package daemon

import "testing"

func TestOnlyTheProgramsOwnCodeIsGivenBack(t *testing.T) {
	t.Parallel()
	const program = "/vaultsphered"
	for line, want := range map[string][2]uintptr{
		"00400000-00ced000 r-xp 00000000 fe:00 9978031                            /vaultsphered": {0x400000, 0xced000},
		"00ced000-01ab4000 r--p 008ed000 fe:00 9978031                            /vaultsphered": {},
		"01ab4000-01b8e000 rw-p 016b4000 fe:00 9978031                            /vaultsphered": {},
		"7fcf55b10000-7fcf55c50000 r-xp 00000000 fe:00 12   /usr/lib/libc.so.6":                  {},
		"7fcf55b10000-7fcf55c50000 r-xp 00000000 00:00 0    [vdso]":                              {},
		"nonsense r-xp /vaultsphered": {},
		"":                            {},
	} {
		from, to, ok := codeOf(line, program)
		if ok != (want[1] > 0) || ok && (from != want[0] || to != want[1]) {
			t.Errorf("%q: %x to %x, %v", line, from, to, ok)
		}
	}
	settle() // and the program goes on
}
