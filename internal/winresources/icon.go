// SPDX-License-Identifier: Apache-2.0

package main

import (
	"image"
	"image/color"
	"math"
)

// icons are our icon in the sizes that Windows asks for: at a desk, magnified,
// and in the Explorer's large views.
func icons() []image.Image {
	var out []image.Image
	for _, size := range []int{16, 20, 24, 32, 48, 64, 256} {
		out = append(out, drawn(size))
	}
	return out
}

// samples is into how many parts a point is divided each way, so that slanted
// edges are smooth.
const samples = 4

// drawn draws the icon: an arrow that comes down to a tray, on a calm ground.
func drawn(size int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			inside, light := 0, 0
			for sy := range samples {
				for sx := range samples {
					u := (float64(x) + (float64(sx)+0.5)/samples) / float64(size)
					v := (float64(y) + (float64(sy)+0.5)/samples) / float64(size)
					if ground(u, v) {
						inside++
						if arrow(u, v) || tray(u, v) {
							light++
						}
					}
				}
			}
			if inside == 0 {
				continue
			}
			mix := func(dark, bright int) uint8 { return uint8((dark*(inside-light) + bright*light) / inside) }
			img.SetNRGBA(x, y, color.NRGBA{mix(0x1f, 0xff), mix(0x5a, 0xff), mix(0x7a, 0xff), uint8(255 * inside / (samples * samples))})
		}
	}
	return img
}

// The shapes, in a square of side 1.

// ground is the square with round corners.
func ground(u, v float64) bool {
	const edge, corner = 0.03, 0.2
	du := max(math.Abs(u-0.5)-(0.5-edge-corner), 0)
	dv := max(math.Abs(v-0.5)-(0.5-edge-corner), 0)
	return math.Hypot(du, dv) <= corner
}

func arrow(u, v float64) bool {
	shaft := math.Abs(u-0.5) <= 0.07 && v >= 0.18 && v <= 0.42
	head := v >= 0.40 && v <= 0.62 && math.Abs(u-0.5) <= 0.62-v
	return shaft || head
}

func tray(u, v float64) bool {
	bottom := v >= 0.70 && v <= 0.79 && u >= 0.22 && u <= 0.78
	sides := v >= 0.58 && v <= 0.79 && (u >= 0.22 && u <= 0.31 || u >= 0.69 && u <= 0.78)
	return bottom || sides
}
