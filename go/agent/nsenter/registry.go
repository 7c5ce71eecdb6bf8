// SPDX-License-Identifier: Apache-2.0

package nsenter

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
)

// RunFunc is a module: it gets the JSON of the parameter that Run was given, and its text is the reply.
type RunFunc func([]byte) string

// ModuleXXX is an interface of the original that nothing uses; it is here so that programs compile.
type ModuleXXX interface {
	Run([]byte)
}

// ErrUnsupported is returned on platforms without namespaces, and without cgo.
var ErrUnsupported = errors.New("nsenter: not supported on this platform, or built without cgo")

var registry = struct {
	sync.RWMutex
	modules map[string]RunFunc
}{modules: map[string]RunFunc{}}

// RegisterModule makes a function known by a name, before Init: `var _ = RegisterModule(...)` on the level of a package. It
// returns true, and false for an empty name, no function, or a name that is taken: then the first one stays.
func RegisterModule(name string, f RunFunc) bool {
	registry.Lock()
	defer registry.Unlock()
	if _, taken := registry.modules[name]; taken || name == "" || f == nil {
		return false
	}
	registry.modules[name] = f
	return true
}

// find is the module that a parameter names.
func find(param []byte) (RunFunc, error) {
	var head struct {
		Module string `json:"module"`
	}
	if err := json.Unmarshal(param, &head); err != nil {
		return nil, fmt.Errorf("nsenter: the parameter is no JSON object: %w", err)
	}
	registry.RLock()
	defer registry.RUnlock()
	f := registry.modules[head.Module]
	if f == nil {
		return nil, fmt.Errorf("nsenter: module %q is not registered", head.Module)
	}
	return f, nil
}

// call runs a module; a panic is an error.
func call(f RunFunc, param []byte) (reply string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("nsenter: the module panicked: %v", r)
		}
	}()
	return f(param), nil
}
