import Testing

/// The rules themselves, on small texts.
@Suite struct RuleTests {
    static let map = FloorMap(
        SourceFile(
            path: "Package.swift",
            text: """
                let logging = external("Logging", "swift-log")
                let floors: [[Room]] = [
                    // F0
                    [platform("Base")],
                    // F1
                    [platform("Storage", ["Base"], [logging]), platform("Caching", ["Base", "Storage", "CLib"]),
                     Room(kind: .system, name: "CLib", path: "Sources/Platform/CLib", uses: [], libraries: [])],
                    // F2
                    [Room(kind: .executable, name: "capstan", path: "Sources/CLI", uses: ["Base"], libraries: [])],
                ]
                let kits: [Room] = [testKit("BaseTestKit", ["Base"])]
                """))

    func found(_ rule: String, _ path: String, _ text: String) -> [Int] {
        let tree = Tree(files: [SourceFile(path: path, text: text)], map: Self.map)
        return Rule.all.filter { $0.name == rule }.flatMap { $0.check(tree) }.filter { $0.path == path }.map(\.line)
    }

    @Test func `the map is read from the package`() {
        #expect(Self.map.room(named: "Storage")?.floor == 1)
        #expect(Self.map.room(named: "Storage")?.uses == ["Base"])
        #expect(Self.map.room(named: "Storage")?.libraries == ["Logging"])
        #expect(Self.map.room(named: "capstan")?.path == "Sources/CLI/")
        #expect(Self.map.room(named: "capstan")?.floor == 2)
        #expect(Self.map.room(named: "BaseTestKit")?.floor == nil)
    }

    @Test func `a module that stands on its sibling is found`() {
        #expect(found("floors", "Package.swift", "") == [6])
    }

    @Test func `an import that the package does not list is found`() {
        let text = "import Base\nimport Logging\nimport struct Caching.Entry\npublic import Foundation\n// import NIO\n"
        #expect(found("imports", "Sources/Platform/Storage/A.swift", text) == [3])
    }

    @Test func `a wrapped library has one importer`() {
        #expect(found("one importer", "Sources/Platform/Web/A.swift", "import GRDB") == [1])
        #expect(found("one importer", "Sources/Platform/StorageSQLite/A.swift", "import GRDB").isEmpty)
    }

    @Test func `the suffix of a product's file says what it may import`() {
        let folder = "Sources/Products/Tournament/Votes/"
        #expect(found("product files", folder + "Vote.swift", "import Base\nimport Storage") == [2])
        #expect(found("product files", folder + "Vote.swift", "import typealias Storage.SQLConvertible").isEmpty)
        #expect(found("product files", folder + "VoteStore.swift", "import Storage\nimport Web") == [2])
        #expect(found("product files", folder + "VoteStore+Casting.swift", "import Storage").isEmpty)
        #expect(found("product files", folder + "VotePages.swift", "import Web").isEmpty)
        #expect(found("product files", folder + "VoteService.swift", "import Web\nimport Storage").isEmpty)
        #expect(found("product files", "Sources/Products/Tournament/Tournament.swift", "import Web").isEmpty)
    }

    @Test func `statements stand in stores`() {
        let text = "let a = \"SELECT 1\"\n// SELECT 2\nlet b = \"\"\"\n    INSERT INTO votes\n    \"\"\""
        #expect(found("tables", "Sources/Products/Tournament/Votes/VoteRoutes.swift", text).sorted() == [1, 4])
        #expect(found("tables", "Sources/Products/Tournament/Votes/VoteStore.swift", text).isEmpty)
    }

    @Test func `a long function and a long file are found`() {
        let body = String(repeating: "    work()\n", count: 69)
        #expect(found("function length", "Sources/A.swift", "func a(\n) {\n\(body)}\n") == [1])
        #expect(found("function length", "Sources/A.swift", "func a() {\n\(body.dropLast(11))}\n").isEmpty)
        let requirements = "protocol P {\n    func a()\n    var b: Int { get }\n\(body)}"
        #expect(found("function length", "Sources/A.swift", requirements).isEmpty)
        #expect(found("file length", "Sources/A.swift", String(repeating: "\n", count: 501)) == [500])
        #expect(found("file length", "Sources/A.swift", String(repeating: "\n", count: 500)).isEmpty)
    }

    @Test(arguments: [
        ("sleeping test", "Tests/A.swift", "try await Task.sleep(for: .seconds(1))"),
        ("time in a test", "Tests/A.swift", "let now = Date()"),
        ("printing", "Sources/Platform/Web/A.swift", "print(1)"),
        ("ambient time", "Sources/Platform/Web/A.swift", "let now = Date()"),
        ("ambient chance", "Sources/Platform/Web/A.swift", "let n = Int.random(in: 0..<1)"),
        ("ambient chance", "Sources/Products/Tournament/A.swift", "let id = UUID()"),
        ("unowned task", "Sources/Platform/Web/A.swift", "Task { await work() }"),
        ("unowned task", "Sources/Platform/Web/A.swift", "Task.detached { await work() }"),
        ("silent try", "Sources/Platform/Web/A.swift", "let a = try? work()"),
        ("described error", "Sources/Platform/Web/A.swift", "log(String(describing: error))"),
        ("unsafe sharing", "Sources/Platform/Web/A.swift", "final class A: @unchecked Sendable {}"),
        ("unfinished", "Sources/Platform/Web/A.swift", "// TODO: later"),
        ("documentation", "Sources/Platform/Web/A.swift", "public func a() {}"),
    ])
    func `a banned word is found where it stands`(_ rule: String, _ path: String, _ text: String) {
        #expect(found(rule, path, "\n" + text) == [2])
        if rule != "unfinished" {
            #expect(found(rule, path, "// \(text)\nlet text = #\"\(text)\"#").isEmpty)
        }
    }

    @Test(arguments: [
        ("printing", "Sources/CLI/A.swift", "print(1)"),
        ("printing", "Sources/Platform/Web/A.swift", "let a = fingerprint(1)"),
        ("ambient time", "Sources/Platform/Base/A.swift", "let now = Date()"),
        ("unowned task", "Sources/Platform/Web/A.swift", "group.addTask { await work() }"),
        ("silent try", "Sources/Platform/Web/A.swift", "// A stale file is no harm.\nlet a = try? work()"),
        ("silent try", "Sources/Platform/Web/A.swift", "let a = try? work()  // A stale file is no harm."),
        ("unsafe sharing", "Sources/A.swift", "// SAFETY: never changed.\nfinal class A: @unchecked Sendable {}"),
        ("documentation", "Sources/A.swift", "/// Works.\n@inlinable\npublic func a() {}"),
        ("documentation", "Sources/A.swift", "public import Base"),
    ])
    func `what is allowed is not found`(_ rule: String, _ path: String, _ text: String) {
        #expect(found(rule, path, text).isEmpty)
    }

    @Test func `an error code has one home`() {
        let text = "enum Code: String {\n    case busy = \"storage.busy\"\n    case late = \"storage.busy\"\n}"
        #expect(found("error codes", "Sources/A.swift", text) == [3])
    }

    @Test func `a message names place, rule, reason and remedy`() {
        let rule = Rule(name: "r", reason: "because", instead: "write that") { _ in [] }
        #expect(rule.message(Place(path: "a.swift", line: 3, found: "x")) == "a.swift:3: r: x — because — write that")
    }
}
