import AIProvidersTestKit
import Base
import BaseTestKit
import Foundation
import Hosting
import OutboundTestKit
import Storage
import StorageBackends
import StorageTestKit
import Synchronization
import Testing
import Web
import WebTestKit

@testable import AIProviders

/// An answer as a browser follows it over HTTP, on nodes that have the database alone in common.
@Suite(.databases, .timeLimit(.minutes(3))) struct AnswerEventsTests {
    private struct Number: Input {
        var number: Int64
        static let fields: [Field] = [.path("number", .integer(0...100))]
    }

    /// What a browser has read of a stream.
    private struct Reading: Sendable {
        var text = ""
        var lastID: String?
        var end: String?

        /// Takes an event as the standard has it read.
        mutating func take(_ event: String) throws {
            var (name, data): (String, [String]) = ("message", [])
            // Chunks of HTTP stand between events, on lines of their own.
            for line in event.replacing("\r\n", with: "\n").split(separator: "\n") {
                let field = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                let value = field.count > 1 ? String(field[1].trimmingPrefix(" ")) : ""
                switch field[0] {
                case "event": name = value
                case "data": data.append(value)
                case "id": lastID = value
                default: break
                }
            }
            guard !data.isEmpty else { return }
            let json = data.joined(separator: "\n")
            if name == "end" {
                end = json
            } else {
                text += try JSONDecoder().decode([String: String].self, from: Data(json.utf8))["text"] ?? ""
            }
        }
    }

    private func site(_ bench: Bench) async throws -> TestSite {
        let route = Route(
            .get, "/answers/{number}", "test.followAnswer", "Follows an answer.", policy: .anyone,
            limit: .exempt(because: "It is a test."), budget: 1_000
        ) { (request: Request<Number>) in
            EventStream(
                following: bench.id(UInt64(request.input.number)), by: bench.models.reader, in: bench.tenant,
                after: request.context.lastEventID, clock: bench.clock)
        }
        return try await TestSite([route])
    }

    /// Reads until the stream ends or `isEnough`; then the connection is cut.
    private func follow(
        _ number: Int, after reading: Reading = Reading(), on server: RunningServer,
        until isEnough: (Reading) -> Bool = { _ in false }
    ) async throws -> Reading {
        try await server.connect().run { inbound, outbound in
            let last = reading.lastID.map { "Last-Event-ID: \($0)\r\n" } ?? ""
            try await outbound.send("GET /answers/\(number) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(last)\r\n")
            let head = try await inbound.read(to: "\r\n\r\n")
            #expect(head.contains(" 200 ") && head.contains("text/event-stream"), "\(head)")
            var reading = reading
            while reading.end == nil, !isEnough(reading) {
                let event = try await inbound.read(to: "\n\n")
                guard !event.isEmpty else { break }
                try reading.take(event)
            }
            return reading
        }
    }

    /// Texts that a line's end of Unicode's or a cut within a character would break.
    private static let deltas = (0..<60).map {
        "word \($0) Grüße 您好 👋🏽\u{2028}\u{85}\r\n\"quoted\" " + String(repeating: "x", count: 80)
    }

    @Test(arguments: Backend.all)
    func `a browser that is cut off goes on at another node, byte for byte, while the model still speaks`(
        backend: Backend
    ) async throws {
        let storages = try await Bench.lease(backend, nodes: 3)
        let gates = [Gate(), Gate()]
        let script = ModelScript(Self.deltas) { number in
            if number == 20 { await gates[0].pass() }
            if number == 40 { await gates[1].pass() }
        }
        try await ScriptedModel.run { _ in
            script
        } body: { vendor in
            let nodes = try storages.map { try Bench(on: $0, vendor: vendor) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await nodes[0].models.answer(question, as: nodes[0].id(1), for: nodes[0].tenant) }
                await vendor.peer.wait(for: 1)
                // What the connection was cut within has not been told; what was told is not told again.
                let first = try await TestServer.run(try await site(nodes[1]).site) { server in
                    try await follow(1, on: server) { $0.text.contains("word 19 ") }
                }
                #expect(first.end == nil && first.lastID != nil)
                gates[0].open()
                let second = try await TestServer.run(try await site(nodes[2]).site) { server in
                    try await follow(1, after: first, on: server) { $0.text.contains("word 39 ") }
                }
                #expect(second.end == nil && second.text.hasPrefix(first.text))
                gates[1].open()
                let third = try await TestServer.run(try await site(nodes[1]).site) { server in
                    let third = try await follow(1, after: second, on: server)
                    // Who comes back after the end is told the end, and no text twice.
                    let again = try await follow(1, after: Reading(lastID: third.lastID), on: server)
                    #expect(again.text.isEmpty && again.end == third.end)
                    return third
                }
                #expect(third.text == Self.deltas.joined())
                #expect(third.lastID == "\(third.text.utf8.count)")
                #expect(third.end?.contains(#""state":"done""#) == true, "\(third.end ?? "")")
                try await group.waitForAll()
            }
        }
    }

    @Test(arguments: Backend.all)
    func `what a killed node has told of an answer is followed to its last word elsewhere, and the end is said`(
        backend: Backend
    ) async throws {
        let clock = SimClock()
        let storages = try await Bench.lease(backend, nodes: 2, clock: clock)
        try await ScriptedModel.run { _ in
            ModelScript()
        } body: { vendor in
            let bench = try Bench(on: storages[1], vendor: vendor, clock: clock)
            let dying = AnswerStore(storage: storages[0])
            // As a node leaves it that is killed in the middle: begun, parts written, no end.
            try await storages[0].write(for: bench.tenant) { transaction in
                let isNew = try await dying.begin(bench.id(1), for: bench.tenant, in: transaction)
                #expect(isNew)
            }
            for (number, part) in ["Hello, ", "wörld"].enumerated() {
                let end = number == 0 ? 7 : 13
                try await dying.add(
                    AnswerStore.Part(number: number + 1, endsAt: end, body: part, madeAt: clock.now()),
                    to: bench.id(1), for: bench.tenant)
            }
            clock.advance(by: AnswerReader.Bounds.silence + .seconds(1))
            try await TestServer.run(try await site(bench).site) { server in
                let whole = try await follow(1, on: server)
                #expect(whole.text == "Hello, wörld" && whole.lastID == "13")
                #expect(whole.end?.contains(#""state":"open""#) == true, "\(whole.end ?? "")")
                let rest = try await follow(1, after: Reading(lastID: "7"), on: server)
                #expect(rest.text == "wörld" && rest.end == whole.end)
            }
        }
    }

    @Test(arguments: Backend.all)
    func `an answer that breaks in its middle is told as far as it came, and why`(backend: Backend) async throws {
        let storage = try await Bench.lease(backend)
        try await ScriptedModel.run { _ in
            ModelScript(["Hello", ", "], fault: .errorEvent(after: 2, kind: "overloaded_error"))
        } body: { vendor in
            let bench = try Bench(on: storage, vendor: vendor)
            let error = await failure {
                try await bench.models.answer(question, as: bench.id(1), for: bench.tenant)
            }
            #expect(error?.code == .busy)
            let told = try await TestServer.run(try await site(bench).site) { try await follow(1, on: $0) }
            #expect(told.text == "Hello, ")
            #expect(told.end?.contains(#""ending":"ai.busy""#) == true, "\(told.end ?? "")")
            #expect(told.end?.contains(#""state":"broken""#) == true, "\(told.end ?? "")")
        }
    }
}
