import AIProvidersTestKit
import Base
import BaseTestKit
import OutboundTestKit
import Storage
import StorageBackends
import StorageTestKit
import Synchronization
import Testing

@testable import AIProviders

@Suite(.databases) struct AnswerTests {
    @Test(arguments: Backend.all)
    func `an answer is kept with its end and its charge, and read from any place`(backend: Backend) async throws {
        let storage = try await Bench.lease(backend)
        let deltas = ["Grüße ", "von ", "您好 ", "👋🏽 ", "allen\0."]
        try await ScriptedModel.run { _ in
            ModelScript(deltas)
        } body: { vendor in
            let bench = try Bench(on: storage, vendor: vendor)
            let heard = Heard()
            try await bench.models.answer(
                question, as: bench.id(1), for: bench.tenant, under: [bench.budget(bench.tokens, 1_000, .tokens)]
            ) { heard.hear($0) }
            let whole = "Grüße von 您好 👋🏽 allen."
            #expect(heard.text == whole)
            let read = Heard()
            let answer = try await bench.models.reader.follow(bench.id(1), in: bench.tenant) { read.hear($0.text) }
            #expect(read.text == whole)
            #expect(answer.state == .done && answer.ending == "complete" && answer.model == "openai:m-1")
            #expect(answer.bytes == whole.utf8.count && answer.usage == TokenUsage(input: 10, output: 5))
            #expect(answer.money == 25)
            var position = 0
            for character in whole {
                position += String(character).utf8.count
                let rest = Heard()
                _ = try await bench.models.reader.follow(bench.id(1), after: position, in: bench.tenant) {
                    rest.hear($0.text)
                }
                #expect(rest.text == String(decoding: whole.utf8.dropFirst(position), as: UTF8.self))
            }
            let other = Tenant(ID(high: 2, low: 2))
            #expect(try await bench.models.reader.answer(bench.id(1), in: other) == nil)
            let again = await failure {
                try await bench.models.answer(question, as: bench.id(1), for: bench.tenant)
            }
            #expect(again?.code == .answerTaken)
            #expect(vendor.ledger.requests == 1)
        }
    }

    @Test(arguments: Backend.all)
    func `a reader elsewhere sees text while it comes, loses its connection, and resumes without a hole`(
        backend: Backend
    ) async throws {
        let storage = try await Bench.lease(backend)
        let deltas = (0..<60).map { "word \($0), " + String(repeating: "x", count: 100) + " " }
        let gates = [Gate(), Gate()]
        let script = ModelScript(deltas) { number in
            if number == 20 { await gates[0].pass() }
            if number == 40 { await gates[1].pass() }
        }
        try await ScriptedModel.run { _ in
            script
        } body: { vendor in
            let bench = try Bench(on: storage, vendor: vendor)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await bench.models.answer(question, as: bench.id(1), for: bench.tenant) }
                await vendor.peer.wait(for: 1)
                let seen = Mutex<(text: String, position: Int)>(("", 0))
                struct Gone: Error {}
                // The first connection breaks when a part of the answer is there, while the vendor still speaks.
                await #expect(throws: Gone.self) {
                    _ = try await bench.models.reader.follow(bench.id(1), in: bench.tenant) { piece in
                        let isEnough = seen.withLock { seen in
                            seen.text += piece.text
                            seen.position = piece.position
                            return seen.text.contains("word 19,")
                        }
                        if isEnough { throw Gone() }
                    }
                }
                gates[0].open()
                gates[1].open()
                let position = seen.withLock { $0.position }
                let answer = try await bench.models.reader.follow(bench.id(1), after: position, in: bench.tenant) {
                    piece in seen.withLock { $0.text += piece.text }
                }
                #expect(answer.state == .done)
                #expect(seen.withLock { $0.text } == deltas.joined())
                try await group.waitForAll()
            }
            let parts = try await AnswerStore(storage: storage).parts(
                of: bench.id(1), behind: 0, after: 0, in: bench.tenant, limit: 100)
            #expect(parts.count > 2 && parts.allSatisfy { $0.body.utf8.count <= AnswerRecorder.Bounds.rowBytes })
            #expect(parts.map(\.number) == Array(1...parts.count))
        }
    }

    @Test(arguments: Backend.all)
    func `an answer that breaks keeps what was said, and one that never began has failed`(
        backend: Backend
    ) async throws {
        let storage = try await Bench.lease(backend)
        try await ScriptedModel.run { number in
            number == 1 ? ModelScript(["Hello", ", "], fault: .unfinished) : .status(401)
        } body: { vendor in
            let bench = try Bench(on: storage, vendor: vendor)
            for number: UInt64 in [1, 2] {
                _ = await failure {
                    try await bench.models.answer(question, as: bench.id(number), for: bench.tenant)
                }
            }
            let heard = Heard()
            let broken = try await bench.models.reader.follow(bench.id(1), in: bench.tenant) { heard.hear($0.text) }
            #expect(heard.text == "Hello, ")
            #expect(broken.state == .broken && broken.ending == "ai.cutOff" && broken.usage.output == 2)
            let failed = try #require(try await bench.models.reader.answer(bench.id(2), in: bench.tenant))
            #expect(failed.state == .failed && failed.ending == "ai.keyRefused" && failed.bytes == 0)
        }
    }

    @Test(arguments: Backend.all)
    func `what a node has written before it died is read, and its silence is not waited for without end`(
        backend: Backend
    ) async throws {
        let clock = SimClock()
        let storage = try await Bench.lease(backend, clock: clock)
        try await ScriptedModel.run { _ in
            ModelScript()
        } body: { vendor in
            let bench = try Bench(on: storage, vendor: vendor, clock: clock)
            let store = AnswerStore(storage: storage)
            // As a node leaves it that is killed in the middle: begun, reserved, a part written, no end.
            try await storage.write(for: bench.tenant) { transaction in
                let isNew = try await store.begin(bench.id(1), for: bench.tenant, in: transaction)
                #expect(isNew)
            }
            try await store.add(
                AnswerStore.Part(number: 1, endsAt: 5, body: "Hello", madeAt: clock.now()), to: bench.id(1),
                for: bench.tenant)
            clock.advance(by: AnswerReader.Bounds.silence + .seconds(1))
            let heard = Heard()
            let answer = try await bench.models.reader.follow(bench.id(1), in: bench.tenant) { heard.hear($0.text) }
            #expect(answer.state == .open && heard.text == "Hello")
        }
    }

    @Test(arguments: Backend.all)
    func `an answer costs three transactions and its parts`(backend: Backend) async throws {
        // A clock that stands still, so that no part is written for its age.
        let clock = SimClock()
        let storage = try await Bench.lease(backend, clock: clock)
        try await ScriptedModel.run { _ in
            ModelScript()
        } body: { vendor in
            let bench = try Bench(on: storage, vendor: vendor, clock: clock)
            let recorded = RecordedStatements()
            storage.setRecorder(recorded)
            try await bench.models.answer(question, as: bench.id(1), for: bench.tenant)
            #expect(recorded.names == ["ai.answer.begin", "ai.answer.addLast", "ai.answer.finish"])
        }
    }
}
