// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/quietsetup/quietsetup/internal/daemon"
	"github.com/quietsetup/quietsetup/internal/promptui"
)

// fill puts into a written page what is said elsewhere already: the programs'
// own help and the commented example of the config file.
func fill(text, example string) (string, error) {
	for mark, give := range map[string]func() (string, error){
		"@help quietsetupd@":       helpOfDaemon,
		"@help quietsetup-prompt@": helpOfPrompt,
		"@example@":                func() (string, error) { return trimmed(example) },
	} {
		if !strings.Contains(text, mark) {
			continue
		}
		said, err := give()
		if err != nil {
			return "", fmt.Errorf("cannot fill %s: %w", mark, err)
		}
		text = strings.ReplaceAll(text, mark, "```\n"+strings.Trim(said, "\n")+"\n```")
	}
	return text, nil
}

func helpOfDaemon() (string, error) {
	var said bytes.Buffer
	if code := daemon.Command(context.Background(), "", []string{"help"}, &said, io.Discard); code != 0 {
		return "", fmt.Errorf("its help ends with exit code %d", code)
	}
	_, usage, _ := strings.Cut(said.String(), "\n\n") // what it is stands in the page
	return usage, nil
}

// helpOfPrompt asks the agent, which speaks to real files only.
func helpOfPrompt() (string, error) {
	f, err := os.CreateTemp("", "manpages")
	if err != nil {
		return "", err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if code := promptui.Main(context.Background(), []string{"-h"}, promptui.Streams{In: f, Out: f, Err: f, Getenv: func(string) string { return "" }}); code != 0 {
		return "", fmt.Errorf("its help ends with exit code %d", code)
	}
	said, err := os.ReadFile(f.Name())
	return string(said), err
}

// trimmed is the example without the lines above its first table, which are
// about the example and not about the file.
func trimmed(example string) (string, error) {
	i := strings.Index(example, "\n[")
	if i < 0 {
		return "", fmt.Errorf("the example of the config file has no table")
	}
	return example[i+1:], nil
}
