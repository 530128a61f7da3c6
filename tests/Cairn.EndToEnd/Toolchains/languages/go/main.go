package main

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
)

func sum(numbers []int) (total int) {
	for _, number := range numbers {
		total += number
	}
	return total
}

func main() {
	if _, err := user.Current(); err != nil {
		panic(err)
	}
	var numbers []int
	for _, text := range os.Args[1:] {
		number, err := strconv.Atoi(text)
		if err != nil {
			panic(err)
		}
		numbers = append(numbers, number)
	}
	fmt.Println(sum(numbers))
}
