package gateway

// Part is a part of a request's way through the gateway, for those who measure where
// its time goes (see Config.Watch).
type Part string

// The parts, in the order in which a request with a signature passes them. One that is
// refused passes none of the later ones; without a signature there is no PartSignature.
const (
	PartRoute     Part = "read body and route"
	PartSignature Part = "signature"
	PartDecision  Part = "IAM decision" // or that of another authorizer
	PartLimits    Part = "key and limits"
	PartEvent     Part = "event"
	PartFunction  Part = "function"
	PartResponse  Part = "response"
)

// Parts returns all parts, in order.
func Parts() []Part {
	return []Part{PartRoute, PartSignature, PartDecision, PartLimits, PartEvent, PartFunction, PartResponse}
}

// passed tells who measures that the part is over.
func (x *exchange) passed(p Part) {
	if x.watcher != nil {
		x.watcher(p)
	}
}
