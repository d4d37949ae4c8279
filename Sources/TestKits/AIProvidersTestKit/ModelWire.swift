import AIProviders
import Foundation
import NIOCore
import Outbound
import OutboundTestKit

/// Writes a script as one of the two dialects has it.
struct ModelWire {
    let script: ModelScript
    let isAnthropic: Bool
    let model: String

    func answer() -> PeerAnswer {
        switch script.fault {
        case .status(let status, let retryAfter):
            var headers: OutboundHeaders = ["Content-Type": "application/json"]
            if let retryAfter { headers.add("Retry-After", retryAfter) }
            return .text(error("status_\(status)"), status: status, headers: headers)
        case .errorBody(let kind): return .text(error(kind), headers: ["Content-Type": "application/json"])
        default: break
        }
        if script.isWhole { return .text(whole, headers: ["Content-Type": "application/json; charset=utf-8"]) }
        var answer = PeerAnswer(headers: ["Content-Type": "text/event-stream"])
        answer.pieces = pieces
        if case .cut = script.fault { answer.isCut = true }
        return answer
    }

    private func error(_ kind: String) -> String {
        #"{"type":"error","error":{"type":\#(quoted(kind)),"message":"as scripted"}}"#
    }

    /// Events, each with the number of its delta where it is one.
    private var events: [(text: String, delta: Int?)] {
        var events: [(String, Int?)] = opening.map { ($0, nil) }
        for (number, delta) in script.deltas.prefix(script.sent).enumerated() {
            if script.isChatty { events.append((chatter, nil)) }
            events.append((self.delta(delta), number))
        }
        switch script.fault {
        case .errorEvent(_, let kind): events.append((event("error", error(kind)), nil))
        case .garbage: events.append(("data: {\"choices\": [", nil))
        // Chatter may be lost in the cut; what stands before the gate is there.
        case .cut: events.append((chatter, script.sent))
        case .unfinished: break
        case .noLastEvent: events += closing.map { ($0, nil) }
        default:
            events += closing.map { ($0, nil) }
            events.append((isAnthropic ? event("message_stop", #"{"type":"message_stop"}"#) : "data: [DONE]", nil))
        }
        return events
    }

    private var chatter: String { isAnthropic ? event("ping", #"{"type":"ping"}"#) : ": still here" }

    private var pieces: [PeerPiece] {
        let events = events
        let written = events.map {
            Array(($0.text.replacing("\n", with: script.lineEnd) + script.lineEnd + script.lineEnd).utf8)
        }
        guard let size = script.pieceBytes else {
            return zip(events, written).map { event, bytes in
                guard let number = event.delta, let gate = script.gate else { return PeerPiece(bytes) }
                return PeerPiece(bytes) { await gate(number) }
            }
        }
        let all = Array(written.joined())
        return stride(from: 0, to: all.count, by: size).map { PeerPiece(Array(all[$0..<min($0 + size, all.count)])) }
    }

    private func event(_ name: String, _ data: String) -> String {
        isAnthropic ? "event: \(name)\ndata: \(data)" : "data: \(data)"
    }

    private var opening: [String] {
        guard isAnthropic else { return [] }
        let input = usage.map { #","usage":{"input_tokens":\#($0.input),"output_tokens":1}"# } ?? ""
        return [
            event("message_start", #"{"type":"message_start","message":{"model":\#(quoted(model))\#(input)}}"#),
            event(
                "content_block_start",
                #"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#),
        ]
    }

    private func delta(_ text: String) -> String {
        if isAnthropic {
            return event(
                "content_block_delta",
                #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":\#(quoted(text))}}"#)
        }
        return event(
            "",
            #"{"model":\#(quoted(model)),"choices":[{"index":0,"delta":{"content":\#(quoted(text))}}],"usage":null}"#)
    }

    private var usage: TokenUsage? {
        switch script.usage {
        case .told(let usage), .inSteps(let usage): usage
        case .null, .absent: nil
        }
    }

    private var closing: [String] {
        if isAnthropic {
            var events: [String] = []
            if case .inSteps(let usage) = script.usage {
                events = (1..<max(2, usage.output)).map {
                    event(
                        "message_delta", #"{"type":"message_delta","delta":{},"usage":{"output_tokens":\#($0)}}"#)
                }
            }
            let used = usage.map { #","usage":{"output_tokens":\#($0.output)}"# } ?? ""
            events.append(
                event(
                    "message_delta",
                    #"{"type":"message_delta","delta":{"stop_reason":\#(quoted(script.reason ?? "end_turn"))}\#(used)}"#
                ))
            return events
        }
        let extra = script.extra.isEmpty ? "" : "," + script.extra
        var events = [
            event(
                "",
                #"{"choices":[{"index":0,"delta":{},"finish_reason":\#(quoted(script.reason ?? "stop"))}]\#(extra)}"#)
        ]
        switch script.usage {
        case .told(let usage), .inSteps(let usage):
            events.append(
                event(
                    "",
                    #"{"choices":[],"usage":{"prompt_tokens":\#(usage.input),"completion_tokens":\#(usage.output)}}"#))
        case .null: events.append(event("", #"{"choices":null,"usage":null}"#))
        case .absent: break
        }
        return events
    }

    private var whole: String {
        let text = quoted(script.deltas.joined())
        if isAnthropic {
            let used = usage.map { #","usage":{"input_tokens":\#($0.input),"output_tokens":\#($0.output)}"# } ?? ""
            return
                #"{"type":"message","model":\#(quoted(model)),"stop_reason":"end_turn","content":[{"type":"text","text":\#(text)}]\#(used)}"#
        }
        let used =
            usage.map { #","usage":{"prompt_tokens":\#($0.input),"completion_tokens":\#($0.output)}"# } ?? ""
        return
            #"{"model":\#(quoted(model)),"choices":[{"message":{"content":\#(text)},"finish_reason":"stop"}]\#(used)}"#
    }

    private func quoted(_ text: String) -> String {
        // Every text can be written as JSON.
        guard let data = try? JSONSerialization.data(withJSONObject: text, options: [.fragmentsAllowed]) else {
            return "\"\""
        }
        return String(decoding: data, as: UTF8.self)
    }
}
