// Asks reflect2 for all that is in some maps: one line with the sum, or with what is wrong.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"upstream"
)

func main() {
	// A fault in memory that is not the program's is an answer too.
	debug.SetPanicOnFault(true)
	sum, err := sum()
	if err != nil {
		fmt.Println("map iteration breaks memory:", err)
		os.Exit(1)
	}
	fmt.Println("sum of the values:", sum)
}

func sum() (sum int, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("%v", fault)
		}
	}()
	// Eight fit the first bucket of a map, or its first group; more make it grow.
	for _, size := range []int{0, 1, 8, 9, 64, 300} {
		values := map[string]int{}
		for i := 0; i < size; i++ {
			values[fmt.Sprint(i)] = i
		}
		found := 0
		iterator := reflect2.TypeOf(values).(reflect2.MapType).Iterate(&values)
		for seen := 0; iterator.HasNext(); seen++ {
			if seen > size {
				return 0, fmt.Errorf("a map of %d has no end", size)
			}
			key, value := iterator.Next()
			if values[*key.(*string)] != *value.(*int) {
				return 0, fmt.Errorf("a map of %d has a value that it was not given", size)
			}
			found += *value.(*int)
			// What the iteration holds must be seen by who collects garbage.
			runtime.GC()
		}
		if found != size*(size-1)/2 {
			return 0, fmt.Errorf("a map of %d adds up to %d", size, found)
		}
		sum += found
	}
	return sum, nil
}
