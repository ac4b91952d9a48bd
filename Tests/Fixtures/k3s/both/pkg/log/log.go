// Package log writes lines as logrus does.
package log

import (
	"fmt"
	"os"
	"time"
)

// Info tells what is being done.
func Info(message string) { say("info", message) }

// Error tells what went wrong and is tried again.
func Error(err error) { say("error", err.Error()) }

// Fatal tells what went wrong, and ends the program.
func Fatal(err error) {
	say("fatal", err.Error())
	os.Exit(1)
}

func say(level, message string) {
	fmt.Fprintf(os.Stderr, "time=%q level=%s msg=%q\n", time.Now().UTC().Format(time.RFC3339), level, message)
}
