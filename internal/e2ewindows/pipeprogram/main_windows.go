// SPDX-License-Identifier: Apache-2.0

// Command pipeprogram is a stranger at a named pipe:
//
//	pipeprogram serves NAME          has the name first, until it is ended
//	pipeprogram sends NAME FILE      sends what is in FILE and prints the first line of the answer
//
// NAME is the part behind \\.\pipe\.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "pipeprogram: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "serves":
		return serve(`\\.\pipe\` + args[1])
	case len(args) == 3 && args[0] == "sends":
		return send(`\\.\pipe\`+args[1], args[2])
	}
	return errors.New("pipeprogram serves NAME, or sends NAME FILE")
}

func serve(name string) error {
	path, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return err
	}
	pipe, err := windows.CreateNamedPipe(path, windows.PIPE_ACCESS_DUPLEX|windows.FILE_FLAG_FIRST_PIPE_INSTANCE, 0, 8, 4096, 4096, 0, nil)
	if err != nil {
		return fmt.Errorf("cannot serve %s: %w", name, err)
	}
	defer windows.CloseHandle(pipe)
	fmt.Println("serves")
	time.Sleep(time.Hour)
	return nil
}

func send(name, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	pipe, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("cannot open %s: %w", name, err)
	}
	defer pipe.Close()
	// The other end may answer, and hang up, before it has read all of it.
	go func() { _, _ = pipe.Write(text) }()
	answer, err := bufio.NewReader(pipe).ReadString('\n')
	if answer == "" && err != nil {
		answer = "hung up\n"
	}
	fmt.Print(answer)
	return nil
}
