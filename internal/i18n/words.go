// SPDX-License-Identifier: Apache-2.0

package i18n

// Phase is what a product's phase is called.
func (l *Localizer) Phase(phase string) string { return l.word("phase.", phase) }

// Outcome is what the end of a run is called.
func (l *Localizer) Outcome(outcome string) string { return l.word("outcome.", outcome) }

// Reason says why a product waits.
func (l *Localizer) Reason(reason string) string { return l.word("reason.", reason) }

// word is the text of a word of the core. A word from a newer daemon has none
// and stands for itself.
func (l *Localizer) word(group, word string) string {
	if word == "" || !l.has(group+word) {
		return Clean(word, 64)
	}
	return l.Text(group+word, nil)
}
