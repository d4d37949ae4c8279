import AIProviders
import AIProvidersTestKit
import Base
import BaseTestKit
import Outbound
import OutboundTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Retrieval

/// What a search promises, on every engine.
@Suite(.databases) struct SearchTests {
    @Test(arguments: Backend.all)
    func `a passage is found by its words and by its meaning, and cited where it stands`(
        backend: Backend
    ) async throws {
        let library = try Library(on: try await Library.lease(backend))
        let text = "# Shop\nWe sell bicycles.\n\n## Opening hours\nThe shop is open from nine to six. Grüße!\n"
        try await library.add(1, text, title: "Handbook")
        try await library.add(2, "Refunds take two weeks after a return.", title: "Returns")
        for way in Retrieval.Way.allCases {
            let found = try await library.search("when is the shop open", by: way)
            let best = try #require(found.first)
            #expect(best.document == library.id(1) && best.title == "Handbook" && best.heading == "Opening hours")
            #expect((best.similarity != nil) == (way != .words))
            let whole = try DocumentText(text, as: .markdown).text
            #expect(String(decoding: Array(whole.utf8)[best.range], as: UTF8.self) == best.text)
        }
        // Accents and case make no difference to words.
        #expect(try await library.search("GRUSSE grusze gruße", by: .words).map(\.document) == [library.id(1)])
        #expect(try await library.search("zeppelin", by: .words).isEmpty)
    }

    @Test(arguments: Backend.all)
    func `a search gives exactly as many as were asked for, of its tenant alone, or all there are`(
        backend: Backend
    ) async throws {
        let library = try Library(on: try await Library.lease(backend))
        // The other tenant's passages are nearer to the question, and many more.
        for number: UInt64 in 100..<130 {
            try await library.add(number, "Opening hours of the shop, number \(number)", for: library.other)
        }
        for number: UInt64 in 0..<12 { try await library.add(number, "Notes about bicycles, part \(number)") }
        for way in [Retrieval.Way.both, .meaning] {
            for limit in [1, 5, 11, 12] {
                let found = try await library.search("Opening hours of the shop", limit: limit, by: way)
                #expect(found.count == limit)
                #expect(Set(found.map(\.id)).count == limit)
                #expect(found.allSatisfy { $0.text.hasPrefix("Notes about bicycles") })
            }
            #expect(try await library.search("Opening hours of the shop", limit: 100, by: way).count == 12)
        }
        #expect(try await library.search("opening hours", limit: 100, by: .words).isEmpty)
        #expect(try await library.search("opening hours", limit: 100, by: .words, for: library.other).count == 30)
        #expect(
            try await library.retrieval.search(
                "opening hours", in: "test.elsewhere", for: library.other, limit: 5) == [])
    }

    @Test(arguments: Backend.all)
    func `what was removed or replaced is not found by the next search, on any node`(backend: Backend) async throws {
        let storage = try await Library.lease(backend)
        let nodes = [try Library(on: storage), try Library(on: storage)]
        for number: UInt64 in 0..<8 { try await nodes[0].add(number, "The secret word is number\(number) apple") }
        // Both nodes have all vectors in memory.
        for node in nodes { #expect(try await node.search("secret word", limit: 100).count == 8) }
        #expect(try await nodes[0].retrieval.remove(nodes[0].id(3), from: Library.collection, for: nodes[0].tenant))
        #expect(try await !nodes[0].retrieval.remove(nodes[0].id(3), from: Library.collection, for: nodes[0].tenant))
        try await nodes[1].add(4, "Something else about pears")
        for node in nodes {
            for way in Retrieval.Way.allCases {
                let found = try await node.search("the secret word is apple pears", limit: 100, by: way)
                #expect(found.count == 7)
                #expect(!found.contains { $0.text.contains("number3") || $0.text.contains("number4") })
                #expect(found.contains { $0.text.contains("pears") })
            }
        }
        let page = try await nodes[0].retrieval.documents(of: Library.collection, in: nodes[0].tenant, limit: 5)
        #expect(page.items.map(\.id) == [0, 1, 2, 4, 5].map { nodes[0].id($0) } && page.next != nil)
    }

    @Test(arguments: Backend.all)
    func `the same search finds the same while others add and remove`(backend: Backend) async throws {
        let library = try Library(on: try await Library.lease(backend))
        for number: UInt64 in 0..<10 { try await library.add(number, "Steady passage number \(number)") }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for number: UInt64 in 100..<115 {
                    try await library.add(number, "Fleeting passage number \(number)")
                    try await library.retrieval.remove(
                        library.id(number), from: Library.collection, for: library.tenant)
                }
            }
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<10 {
                        let found = try await library.search("steady passage number", limit: 50)
                        // All of one state: the ten, and at most the one that is passing through.
                        #expect((10...11).contains(found.count))
                        #expect(found.filter { $0.text.hasPrefix("Steady") }.count == 10)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await library.search("passage", limit: 50).count == 10)
    }

    @Test(arguments: Backend.all)
    func `a threshold keeps what is too far from the question`(backend: Backend) async throws {
        let library = try Library(on: try await Library.lease(backend))
        try await library.add(1, "opening hours")
        try await library.add(2, "refunds and returns")
        let found = try await library.search("opening hours", atLeast: 0.7)
        #expect(found.map(\.document) == [library.id(1)])
        #expect(abs((found.first?.similarity ?? 0) - 1) < 0.001)
        #expect(try await library.search("zeppelin", atLeast: 0.7).isEmpty)
    }

    @Test(arguments: Backend.all)
    func `another model is another index beside the first, which takes its place when it is complete`(
        backend: Backend
    ) async throws {
        let storage = try await Library.lease(backend)
        let before = try Library(on: storage, dimensions: 64)
        for number: UInt64 in 0..<30 { try await before.add(number, "Passage number \(number) about apples") }
        let after = try Library(on: storage, dimensions: 32, model: "newer")
        // Until the new index is complete, questions go to the old one with its own model.
        #expect(try await after.search("apples", limit: 100).count == 30)
        #expect(try await after.retrieval.rebuildStep(Library.collection, for: after.tenant) == .turned(0))
        #expect(try await after.retrieval.rebuildStep(Library.collection, for: after.tenant) == .turned(30))
        // What comes and goes meanwhile reaches both.
        try await before.add(40, "A late passage about pears")
        try await after.retrieval.remove(after.id(5), from: Library.collection, for: after.tenant)
        #expect(try await after.search("apples pears", limit: 100).count == 30)
        try await after.retrieval.rebuild(Library.collection, for: after.tenant)
        let open = try await after.retrieval.indexes.open(
            Library.collection, in: after.tenant, through: storage.reader(for: after.tenant))
        #expect(open.map(\.model) == ["local:newer"] && open.map(\.dimensions) == [32])
        for library in [before, after] {
            let found = try await library.search("late passage about pears", limit: 100)
            #expect(found.count == 30 && found.first?.document == library.id(40))
        }
        #expect(try await after.retrieval.rebuildStep(Library.collection, for: after.tenant) == .done)
        let left = try await after.retrieval.indexes.retired(in: after.tenant, collection: Library.collection)
        #expect(left.isEmpty)
    }

    @Test(arguments: Backend.all)
    func `a question that no vendor turns fails aloud, and words still find`(backend: Backend) async throws {
        let storage = try await Library.lease(backend)
        let library = try Library(on: storage)
        try await library.add(1, "opening hours")
        let without = try Library(on: storage, providers: [LocalModel()])
        _ = try await storage.write(for: library.tenant) { transaction in
            try await transaction.execute(
                "test.model", "UPDATE retrieval_indexes SET model = 'gone:model' WHERE tenant_id = \(library.tenant)")
        }
        await #expect(throws: AIError.self) { try await without.search("opening hours") }
        #expect(try await without.search("opening hours", by: .words).count == 1)
    }

    @Test(arguments: Backend.all)
    func `a search is five statements, and one when nothing has to be turned or read`(backend: Backend) async throws {
        let storage = try await Library.lease(backend)
        let library = try Library(on: storage)
        try await library.add(1, "opening hours")
        _ = try await library.search("opening hours")
        let recorded = RecordedStatements()
        storage.setRecorder(recorded)
        _ = try await library.search("opening hours")
        #expect(
            recorded.names == [
                "retrieval.index.live", "retrieval.index.live", "retrieval.word.match", "retrieval.vector.read",
                "retrieval.chunk.read",
            ])
    }

    @Test(arguments: Backend.all)
    func `what is out of its bounds is refused with the bound`(backend: Backend) async throws {
        let library = try Library(on: try await Library.lease(backend))
        await #expect(throws: RetrievalError.self) { try await library.search("") }
        await #expect(throws: RetrievalError.self) { try await library.search("x", limit: 101) }
        await #expect(throws: RetrievalError.self) { try await library.search("x", limit: 0) }
        await #expect(throws: RetrievalError.self) {
            try await library.search(String(repeating: "x", count: Retrieval.Bounds.questionBytes + 1))
        }
        // Marks of either engine's query language are no words.
        try await library.add(1, "quoted words")
        for question in ["\"quoted\" AND (NOT *", "quoted' | & ! :*", "owner : quoted", "🚲 …"] {
            let found = try await library.search(question, limit: 5)
            #expect(found.count == 1, "\(question)")
        }
    }
}
