// SPDX-License-Identifier: Apache-2.0

package apitypes

// Words is a prompt in a person's words. The service has none: it asks the program
// that shows prompts ("quietsetup-prompt words") where something else is to show one.
type Words struct {
	Title    string         `json:"title"`
	Intro    string         `json:"intro"`
	Programs []string       `json:"programs"`
	Lines    []string       `json:"lines"`
	Left     string         `json:"left"` // what counts down, with CountdownMark in the place of the time
	Choices  []WordedChoice `json:"choices"`
}

// WordedChoice is a choice with what stands on its button.
type WordedChoice struct {
	Choice string `json:"choice"`
	Label  string `json:"label"`
}

// CountdownMark stands where the time left is to be put.
const CountdownMark = "{left}"
