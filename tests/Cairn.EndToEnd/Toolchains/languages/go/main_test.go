package main

import "testing"

func TestSum(t *testing.T) {
	if sum([]int{1, 2}) != 3 {
		t.Fatal("wrong")
	}
}
