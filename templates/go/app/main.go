package main

import (
	"fmt"
	"os"

	"@@module@@/internal/greeting"
)

func main() {
	who := "World"
	if len(os.Args) > 1 {
		who = os.Args[1]
	}
	fmt.Println(greeting.For(who))
}
