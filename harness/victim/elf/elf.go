// Package elf assembles tiny programs that are not written in Go. Go's runtime changes signal masks, dispositions and limits as it
// starts, so what a supervisor gave to a process can be read only of a program that changes nothing.
package elf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
)

// Kind names what a program does.
type Kind string

// The programs.
const (
	Idle    Kind = "idle"    // waits for a signal, for ever
	Succeed Kind = "succeed" // exits with 0
	Fail    Kind = "fail"    // exits with 1
	Die     Kind = "die"     // ends by SIGKILL, which it sends to itself
)

// The machines of ELF (e_machine), and where the programs are loaded.
const (
	machineAMD64 = 62
	machineARM64 = 183
	loadAddress  = 0x400000
)

// The sizes of the two headers that precede the code, in bytes (System V ABI, 64 bits).
const (
	fileHeaderSize    = 64
	programHeaderSize = 56
)

// Program returns an executable file for the machine that this program runs on. It is an error if the kind or the machine is unknown.
func Program(kind Kind) ([]byte, error) { return assemble(kind, runtime.GOARCH) }

// assemble returns an executable file for a machine, named as Go names it.
func assemble(kind Kind, architecture string) ([]byte, error) {
	instructions, known := code[architecture][kind]
	if !known {
		return nil, fmt.Errorf("assemble the program %q for %s: there is no code for it", kind, architecture)
	}
	machine := map[string]uint16{"amd64": machineAMD64, "arm64": machineARM64}[architecture]
	size := uint64(fileHeaderSize + programHeaderSize + len(instructions))
	file := new(bytes.Buffer)
	for _, part := range []any{
		[]byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"), // 64 bits, little-endian, version 1
		uint16(2), machine, uint32(1), // executable
		uint64(loadAddress + fileHeaderSize + programHeaderSize), // the first instruction
		uint64(fileHeaderSize), uint64(0), uint32(0), // program headers, no sections, no flags
		uint16(fileHeaderSize), uint16(programHeaderSize), uint16(1), uint16(0), uint16(0), uint16(0),
		uint32(1), uint32(5), uint64(0), uint64(loadAddress), uint64(loadAddress), size, size, uint64(0x1000), // load it all, to read and execute
		instructions,
	} {
		if err := binary.Write(file, binary.LittleEndian, part); err != nil {
			return nil, fmt.Errorf("assemble the program %q: %w", kind, err)
		}
	}
	return file.Bytes(), nil
}

// code is the machine code of each program.
var code = map[string]map[Kind][]byte{
	"amd64": {
		// mov eax, getpid; syscall; mov edi, eax; mov esi, SIGKILL; mov eax, kill; syscall
		Die:     {0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0x89, 0xc7, 0xbe, 9, 0, 0, 0, 0xb8, 62, 0, 0, 0, 0x0f, 0x05},
		Idle:    {0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7},        // again: mov eax, pause; syscall; jmp again
		Succeed: {0xbf, 0, 0, 0, 0, 0xb8, 231, 0, 0, 0, 0x0f, 0x05}, // mov edi, 0; mov eax, exit_group; syscall
		Fail:    {0xbf, 1, 0, 0, 0, 0xb8, 231, 0, 0, 0, 0x0f, 0x05}, // mov edi, 1; mov eax, exit_group; syscall
	},
	"arm64": {
		// mov x8, getpid; svc 0; mov x1, SIGKILL; mov x8, kill; svc 0
		Die: words(0xd2801588, 0xd4000001, 0xd2800121, 0xd2801028, 0xd4000001),
		// again: mov x0, 0; mov x1, 0; mov x2, 0; mov x3, 0; mov x8, ppoll; svc 0; b again
		Idle: words(0xd2800000, 0xd2800001, 0xd2800002, 0xd2800003, 0xd2800928, 0xd4000001, 0x17fffffa),
		// mov x0, code; mov x8, exit_group; svc 0
		Succeed: words(0xd2800000, 0xd2800bc8, 0xd4000001),
		Fail:    words(0xd2800020, 0xd2800bc8, 0xd4000001),
	},
}

// words returns instructions of 32 bits as bytes, little-endian.
func words(instructions ...uint32) []byte {
	var all []byte
	for _, instruction := range instructions {
		all = binary.LittleEndian.AppendUint32(all, instruction)
	}
	return all
}
