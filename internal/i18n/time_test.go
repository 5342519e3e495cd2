// SPDX-License-Identifier: Apache-2.0

package i18n_test

import (
	"slices"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/i18n"
)

func TestSpans(t *testing.T) {
	for _, c := range []struct {
		d          time.Duration
		en, de, in string
	}{
		{0, "0 seconds", "0 Sekunden", "in 0 Sekunden"},
		{-time.Hour, "0 seconds", "0 Sekunden", "in 0 Sekunden"},
		{time.Second, "1 second", "1 Sekunde", "in 1 Sekunde"},
		{time.Minute, "60 seconds", "60 Sekunden", "in 60 Sekunden"},
		{15 * time.Minute, "15 minutes", "15 Minuten", "in 15 Minuten"},
		{89*time.Minute + 40*time.Second, "90 minutes", "90 Minuten", "in 90 Minuten"},
		{24 * time.Hour, "24 hours", "24 Stunden", "in 24 Stunden"},
		{36 * time.Hour, "2 days", "2 Tage", "in 2 Tagen"},
		{14 * 24 * time.Hour, "14 days", "14 Tage", "in 14 Tagen"},
	} {
		if got := texts(t, "en").Span(c.d); got != c.en {
			t.Errorf("%v in English: %q, want %q", c.d, got, c.en)
		}
		if got := texts(t, "de").Span(c.d); got != c.de {
			t.Errorf("%v in German: %q, want %q", c.d, got, c.de)
		}
		if got := texts(t, "de").In(c.d); got != c.in {
			t.Errorf("%v from now in German: %q, want %q", c.d, got, c.in)
		}
	}
}

func TestWhen(t *testing.T) {
	day := 24 * time.Hour
	for _, c := range []struct {
		after  time.Duration
		en, de string
	}{
		{0, "14:04", "14:04 Uhr"},
		{9 * time.Hour, "23:04", "23:04 Uhr"},
		{10 * time.Hour, "tomorrow at 00:04", "morgen um 00:04 Uhr"},
		{2 * day, "Monday at 14:04", "Montag um 14:04 Uhr"},
		{6 * day, "Friday at 14:04", "Freitag um 14:04 Uhr"},
		{7 * day, "28 November at 14:04", "28. November um 14:04 Uhr"},
		{100 * day, "1 March at 14:04", "1. März um 14:04 Uhr"},
		{-day, "20 November at 14:04", "20. November um 14:04 Uhr"},
	} {
		if got := texts(t, "en").When(now.Add(c.after), now); got != c.en {
			t.Errorf("after %v in English: %q, want %q", c.after, got, c.en)
		}
		if got := texts(t, "de").When(now.Add(c.after), now); got != c.de {
			t.Errorf("after %v in German: %q, want %q", c.after, got, c.de)
		}
	}
}

// Tomorrow is tomorrow in the person's zone, and also on a day of 25 hours.
func TestWhenInAZone(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		berlin = time.FixedZone("CEST", 2*3600)
	}
	late := time.Date(2026, 10, 24, 23, 30, 0, 0, berlin)
	if got := texts(t, "en").When(late.Add(time.Hour).UTC(), late); got != "tomorrow at 00:30" {
		t.Errorf("got %q", got)
	}
}

func TestSince(t *testing.T) {
	day := 24 * time.Hour
	for _, c := range []struct {
		ago    time.Duration
		en, de string
	}{
		{0, "14:04", "14:04 Uhr"},
		{14 * time.Hour, "00:04", "00:04 Uhr"},
		{15 * time.Hour, "yesterday", "gestern"},
		{2 * day, "Thursday", "Donnerstag"},
		{6 * day, "Sunday", "Sonntag"},
		{7 * day, "14 November", "dem 14. November"},
		{-day, "22 November", "dem 22. November"}, // a clock that was set
	} {
		if got := texts(t, "en").Since(now.Add(-c.ago), now); got != c.en {
			t.Errorf("%v ago in English: %q, want %q", c.ago, got, c.en)
		}
		if got := texts(t, "de").Since(now.Add(-c.ago), now); got != c.de {
			t.Errorf("%v ago in German: %q, want %q", c.ago, got, c.de)
		}
	}
}

func TestCountdown(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0:00", 0: "0:00", time.Millisecond: "0:01", 45 * time.Second: "0:45",
		time.Minute: "1:00", 15 * time.Minute: "15:00", 75 * time.Minute: "1:15:00",
	} {
		if got := i18n.Countdown(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

func TestLanguages(t *testing.T) {
	env := func(pairs ...string) func(string) string {
		return func(name string) string {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1]
				}
			}
			return ""
		}
	}
	for _, c := range []struct {
		option string
		env    func(string) string
		wanted []string
		got    string
	}{
		{"de", env("LANG", "en_US.UTF-8"), []string{"de"}, "de"},
		{"", env("LANG", "de_AT.UTF-8"), []string{"de-AT"}, "de"},
		{"", env("LANG", "en_US.UTF-8", "LC_ALL", "de_DE@euro"), []string{"de-DE"}, "de"},
		{"", env("LANG", "fr_FR.UTF-8", "LANGUAGE", "fr:de:en"), []string{"fr", "de", "en", "fr-FR"}, "de"},
		{"", env("LANG", "fr_FR.UTF-8"), []string{"fr-FR"}, "en"},
		{"", env("LANG", "C.UTF-8", "LANGUAGE", "de"), nil, "en"},
		{"", env("LANG", "POSIX"), nil, "en"},
		{"", env("LANG", "de_DE\x1b[31m"), nil, "en"},
		{"", env("LANG", "nds_DE"), []string{"nds-DE"}, "en"},
		{"DE-ch", env(), []string{"DE-ch"}, "de"},
	} {
		wanted := i18n.Wanted(c.option, c.env)
		if !slices.Equal(wanted, c.wanted) {
			t.Errorf("wanted are %q, want %q", wanted, c.wanted)
		}
		l, err := i18n.New(wanted...)
		if err != nil {
			t.Fatal(err)
		}
		if l.Language() != c.got {
			t.Errorf("%q are served by %s, want %s", wanted, l.Language(), c.got)
		}
	}
}
