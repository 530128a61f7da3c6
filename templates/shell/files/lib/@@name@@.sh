#!/bin/sh
# Functions of @@name@@; to be sourced.

# greet WHO: a greeting for someone.
@@name:snake@@_greet() {
    printf 'Hello, %s!\n' "$1"
}
