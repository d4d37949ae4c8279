/// What Package.swift says about each module: its floor, what it stands on, which libraries it may import.
struct FloorMap: Sendable {
    struct Room: Sendable {
        var name: String
        /// Ends with a slash.
        var path: String
        /// Test kits and tests stand on no floor.
        var floor: Int?
        var uses: Set<String>
        var libraries: Set<String>
        /// Whether it is a C library's module map, which stands beside the one module that wraps it.
        var isSystem: Bool
        var line: Int
    }

    var rooms: [Room]

    private static let folders = [
        "platform": "Sources/Platform/", "product": "Sources/Products/", "testKit": "Sources/TestKits/",
        "tests": "Tests/",
    ]

    init(_ package: SourceFile) {
        let products = Self.products(package)
        let end = package.offsets(of: "let kits", in: package.code).first ?? package.code.count
        let floorMarks = (0...9).flatMap { floor in
            package.offsets(of: "// F\(floor)", in: package.raw).map { (offset: $0, floor: floor) }
        }
        rooms = []
        for call in ["platform", "product", "testKit", "tests", "Room"] {
            for offset in package.offsets(of: call + "(", in: package.code) {
                guard let room = Self.room(call, at: offset, in: package, products: products) else { continue }
                rooms.append(room)
                guard offset < end else { continue }
                let mark = floorMarks.filter { $0.offset < offset }.max { $0.offset < $1.offset }
                rooms[rooms.count - 1].floor = mark?.floor
            }
        }
    }

    /// The room in whose folder the file lies.
    func room(of path: String) -> Room? { rooms.first { path.hasPrefix($0.path) } }

    func room(named name: String) -> Room? { rooms.first { $0.name == name } }

    /// `let grdb = external("GRDB", "GRDB.swift")` as `["grdb": "GRDB"]`.
    private static func products(_ package: SourceFile) -> [String: String] {
        var products: [String: String] = [:]
        for offset in package.offsets(of: "= external(", in: package.code) {
            let line = package.line(package.line(at: offset), of: package.text)
            let words = line.split { !Byte.isWord($0.utf8.first ?? 0) }
            if words.count > 3 { products[String(words[1])] = String(words[3]) }
        }
        return products
    }

    private static func room(
        _ call: String, at offset: Int, in package: SourceFile, products: [String: String]
    ) -> Room? {
        var depth = 0
        var groups: [Range<Int>] = []
        var groupStart = 0
        var index = offset
        scan: while index < package.code.count {
            switch package.code[index] {
            case Byte.open: depth += 1
            case Byte.close:
                depth -= 1
                if depth == 0 { break scan }
            case Byte.openBracket where depth == 1: groupStart = index
            case Byte.closeBracket where depth == 1: groups.append(groupStart..<index)
            default: break
            }
            index += 1
        }
        let end = min(index, package.code.count)
        let head = String(decoding: package.text[offset..<(groups.first?.lowerBound ?? end)], as: UTF8.self)
        let literals = head.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }.map { String($0.element) }
        guard let name = literals.first, !name.contains("\\") else { return nil }
        let path = folders[call].map { $0 + name } ?? (literals.count > 1 ? literals[1] : "")
        let words = groups.map { group in
            String(decoding: package.text[group], as: UTF8.self).split { !Byte.isWord($0.utf8.first ?? 0) }
                .map(String.init)
        }
        return Room(
            name: name, path: path + "/", floor: nil, uses: Set(words.first ?? []),
            libraries: Set((words.count > 1 ? words[1] : []).compactMap { products[$0] }),
            isSystem: package.offsets(of: "kind: .system", in: package.code).contains { (offset..<end).contains($0) },
            line: package.line(at: offset))
    }
}
