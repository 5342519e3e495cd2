// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/localsock"
)

var shots = flag.Bool("shots", false, "take the pictures of docs/prompts anew")

// Every window is whole on the screen. With -shots it takes the pictures of
// docs/prompts.
func TestTaskDialogsFit(t *testing.T) {
	for lang, titles := range map[string][]string{
		"en": {"Firefox update – please close these programs", "Firefox update – last notice, please close these programs"},
		"de": {"Firefox aktualisieren – bitte Programme schließen", "Firefox aktualisieren – letzte Ankündigung, bitte Programme schließen"},
	} {
		t.Run(lang, func(t *testing.T) {
			s := serve(t, "--lang", lang)
			programs := func(n int) []events.Process {
				out := []events.Process{{Name: "firefox.exe", Owner: localsock.Self()}, {Name: "thunderbird.exe", Owner: localsock.Self()}}
				for i := range n {
					out = append(out, events.Process{Name: "program" + string(rune('a'+i)) + ".exe", Owner: localsock.Self()})
				}
				return out
			}
			for i, c := range []struct {
				name, title string
				change      func(*fsm.AskUsers)
			}{
				{"first", titles[0], func(w *fsm.AskUsers) { w.Ask.Programs = programs(0) }},
				{"last", titles[1], func(w *fsm.AskUsers) { w.Ask.Programs = programs(0); last(w) }},
				{"many", titles[0], func(w *fsm.AskUsers) { w.Ask.Programs = programs(25) }},
			} {
				s.forget()
				now := events.Moment{Wall: time.Now()}
				end := s.ask("firefox#1."+string(rune('1'+i)), func(w *fsm.AskUsers) {
					c.change(w)
					w.Window.Opened, w.Window.Since = now, now
				})
				s.hears("shown")
				window := s.settled(c.title, 0)
				area := areaOf(window)
				width, height := metric(0), metric(1)
				if area.Min.X < 0 || area.Min.Y < 0 || area.Max.X > width || area.Max.Y > height {
					t.Errorf("%s: the window is at %v of %dx%d", c.name, area, width, height)
				}
				if *shots {
					picture(t, filepath.Join("..", "..", "docs", "prompts", "windows."+c.name+"."+lang+".png"), area)
				}
				end()
				s.until("it has gone", func() bool { return find(c.title) == 0 })
			}
		})
	}
}

func areaOf(h windows.HWND) image.Rectangle {
	var r [4]int32
	_, _, _ = user32.NewProc("GetWindowRect").Call(uintptr(h), uintptr(unsafe.Pointer(&r)))
	return image.Rect(int(r[0]), int(r[1]), int(r[2]), int(r[3]))
}

// metric is a measure of the screen: 0 its width, 1 its height.
func metric(which uintptr) int {
	n, _, _ := user32.NewProc("GetSystemMetrics").Call(which)
	return int(n)
}

// picture takes a part of the screen.
func picture(t *testing.T, file string, area image.Rectangle) {
	t.Helper()
	gdi := windows.NewLazySystemDLL("gdi32.dll")
	screen, _, _ := user32.NewProc("GetDC").Call(0)
	defer func() { _, _, _ = user32.NewProc("ReleaseDC").Call(0, screen) }()
	memory, _, _ := gdi.NewProc("CreateCompatibleDC").Call(screen)
	w, h := area.Dx(), area.Dy()
	bitmap, _, _ := gdi.NewProc("CreateCompatibleBitmap").Call(screen, uintptr(w), uintptr(h))
	_, _, _ = gdi.NewProc("SelectObject").Call(memory, bitmap)
	const srcCopy = 0x00cc0020
	_, _, _ = gdi.NewProc("BitBlt").Call(memory, 0, 0, uintptr(w), uintptr(h), screen, uintptr(area.Min.X), uintptr(area.Min.Y), srcCopy)
	info := make([]byte, 40) // BITMAPINFOHEADER: 32 bits a point, the first row on top
	binary.LittleEndian.PutUint32(info, 40)
	binary.LittleEndian.PutUint32(info[4:], uint32(w))
	binary.LittleEndian.PutUint32(info[8:], uint32(-h))
	binary.LittleEndian.PutUint16(info[12:], 1)
	binary.LittleEndian.PutUint16(info[14:], 32)
	points := make([]byte, 4*w*h)
	if n, _, _ := gdi.NewProc("GetDIBits").Call(memory, bitmap, 0, uintptr(h), uintptr(unsafe.Pointer(&points[0])), uintptr(unsafe.Pointer(&info[0])), 0); n == 0 {
		t.Fatal("the screen cannot be read")
	}
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		img.SetRGBA(i%w, i/w, color.RGBA{points[4*i+2], points[4*i+1], points[4*i], 255})
	}
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}
