package source

import (
	"errors"
)

func parse(s string) (Source, error) { return Source{}, errors.New("cannot read source") }
