go.mod
module github.com/acme/feed

go 1.22

toolchain go1.22.3

require (
	github.com/Masterminds/semver/v3 v3.2.1
	golang.org/x/text v0.15.0 // a comment
)

require (
	github.com/acme/old v1.0.0
	golang.org/x/sys v0.20.0 // indirect
)

exclude golang.org/x/text v0.14.0

replace github.com/acme/old => ../old

retract [v0.1.0, v0.1.2] // wrong times
