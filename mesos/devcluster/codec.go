package devcluster

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

const (
	protobufType = "application/x-protobuf"
	jsonType     = "application/json"
	streamHeader = "Mesos-Stream-Id"
)

// message is what mesos-go generates for every protobuf message.
type message interface {
	Marshal() ([]byte, error)
	Unmarshal([]byte) error
}

// encoding is one of the two that the v1 API knows.
type encoding struct {
	mediaType string
	marshal   func(message) ([]byte, error)
}

func encodingFor(accept string) (encoding, bool) {
	if accept == "" || strings.Contains(accept, protobufType) {
		return encoding{protobufType, func(m message) ([]byte, error) { return m.Marshal() }}, true
	}
	if strings.Contains(accept, jsonType) || strings.Contains(accept, "*/*") {
		return encoding{jsonType, func(m message) ([]byte, error) { return json.Marshal(m) }}, true
	}
	return encoding{}, false
}

// refusal is an answer other than 2xx.
type refusal struct {
	code int
	text string
}

func (r *refusal) write(w http.ResponseWriter) { http.Error(w, r.text, r.code) }

func badRequest(text string) *refusal { return &refusal{http.StatusBadRequest, text} }

// readCall decodes a call of either encoding.
func readCall(r *http.Request, into message) *refusal {
	if r.Method != http.MethodPost {
		return &refusal{http.StatusMethodNotAllowed, "Expecting one of { 'POST' }, but received '" + r.Method + "'."}
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return badRequest("Failed to read body: " + err.Error())
	}
	switch mediaType := r.Header.Get("Content-Type"); {
	case strings.HasPrefix(mediaType, protobufType):
		err = into.Unmarshal(body)
	case strings.HasPrefix(mediaType, jsonType):
		err = json.Unmarshal(body, into)
	case mediaType == "":
		return badRequest("Expecting 'Content-Type' to be present")
	default:
		return &refusal{http.StatusUnsupportedMediaType, "Expecting 'Content-Type' of " + jsonType + " or " + protobufType}
	}
	if err != nil {
		return badRequest("Failed to parse body into Call protobuf: " + err.Error())
	}
	return nil
}

// answerStream begins the answer to a SUBSCRIBE and writes what comes into the
// outbox until that is closed or the client went away.
func answerStream(w http.ResponseWriter, r *http.Request, out *outbox, streamID string) error {
	flusher, ok := w.(http.Flusher)
	if !ok {
		return errors.New("cannot stream over this connection")
	}
	w.Header().Set("Content-Type", out.encoding.mediaType)
	if streamID != "" {
		w.Header().Set(streamHeader, streamID)
	}
	w.WriteHeader(http.StatusOK)
	flusher.Flush()
	return out.drain(r.Context(), w, flusher.Flush)
}
