/// Who may import whom.
extension Rule {
    /// What comes with Swift; any file may import it.
    static let standard: Set<String> = [
        "Dispatch", "Foundation", "FoundationEssentials", "FoundationNetworking", "RegexBuilder", "Synchronization",
        "Glibc", "Musl", "Darwin", "Testing",
    ]

    /// Libraries that one module wraps, so that a change of theirs is a change in one place.
    static let wrapped: [String: [String]] = [
        "GRDB": ["Sources/Platform/StorageSQLite/", "Tests/StorageSQLiteTests/"],
        "AsyncHTTPClient": ["Sources/Platform/Outbound/"],
        "Subprocess": ["Sources/Platform/Programs/"],
        "CZlib": ["Sources/Platform/Web/", "Tests/WebTests/"],
        "CLibPQ": ["Sources/Platform/StoragePostgres/", "Tests/StoragePostgresTests/"],
        "CPgQuery": ["Sources/Auditor/"],
        "Hummingbird": ["Sources/Platform/Web/", "Sources/TestKits/WebTestKit/", "Tests/WebTests/"],
        "HummingbirdTesting": ["Sources/TestKits/WebTestKit/", "Tests/WebTests/"],
        "Mustache": ["Sources/Platform/Web/", "Tests/WebTests/"],
    ]

    /// Values and pure functions: what vendors' messages are in neutral words is one of them.
    static let pure: Set<String> = ["Base", "Crypto", "InboxVendors"]

    /// What a product's file may import beside `standard`, by the suffix of its name; files without one are pure rules.
    static let roles: [(suffix: String, imports: Set<String>)] = [
        ("Policy", pure.union(["Accounts", "Web"])),
        ("Store", pure.union(["Storage", "Telemetry", "Logging"])),
        ("Schema", pure.union(["Storage"])),
        ("Pages", pure.union(["Accounts", "Hosting", "HTTPTypes", "Web"])),
        (
            "Routes",
            pure.union([
                "Accounts", "Blobs", "Caching", "HTTPTypes", "Hosting", "Limits", "Storage", "Telemetry", "Web",
            ])
        ),
    ]

    /// Suffixes of files that act: they bring rules, stores and caches together, with or without a request.
    static let acting = [
        "Advancer", "Bot", "Client", "Demo", "Desk", "Filling", "Flush", "Jobs", "Keeper", "Prompts", "Service",
        "Settings",
        "Steps",
        "Topics",
    ]

    static let architecture: [Rule] = [
        Rule(
            name: "floors", reason: "imports go down only, siblings never import siblings",
            instead: "move the contract to a lower floor, or let Hosting or CLI wire the two"
        ) { tree in
            tree.map.rooms.flatMap { room in
                guard let floor = room.floor else { return [Place]() }
                return room.uses.sorted().compactMap { name in
                    if let used = tree.map.room(named: name), let below = used.floor {
                        if below < floor || (used.isSystem && below == floor) { return nil }
                    }
                    return Place(path: "Package.swift", line: room.line, found: "\(room.name) uses \(name)")
                }
            }
        },
        Rule(
            name: "imports", reason: "Package.swift is the map: what it does not list for a module, the module has not",
            instead: "import what the module lists, or list it if its floor allows"
        ) { tree in
            tree.files.flatMap { file in
                guard let room = tree.map.room(of: file.path) else { return [Place]() }
                let allowed = standard.union(room.uses).union(room.libraries)
                return file.imports.filter { !allowed.contains($0.module) }
                    .map { Place(path: file.path, line: $0.line, found: "import \($0.module)") }
            }
        },
        .eachFile(
            "one importer", because: "a library has one wrapper, so that it can be changed in one place",
            instead: "use what the wrapping module offers"
        ) { file in
            file.imports.filter { found in
                guard let homes = wrapped[found.module] else { return false }
                return !homes.contains { file.path.hasPrefix($0) }
            }
            .map { Place(path: file.path, line: $0.line, found: "import \($0.module)") }
        },
        .eachFile(
            "product files", because: "the suffix of a product's file says what it may import",
            instead: "move the code to the file whose role it is: rules, Policy, Store, Routes, Pages"
        ) { file in
            guard let allowed = file.productImports else { return [] }
            return file.imports.filter { found in
                // How a value is stored is declared with the value: `import typealias Storage.SQLConvertible`.
                !standard.contains(found.module) && !allowed.contains(found.module) && found.name != "SQLConvertible"
            }
            .map { Place(path: file.path, line: $0.line, found: "import \($0.module)") }
        },
        .eachFile(
            "tables", because: "one file knows a table", instead: "write the statement in the noun's Store"
        ) { file in
            guard file.path.hasPrefix("Sources/Products/"), !file.noun.hasSuffix("Store"),
                !file.noun.hasSuffix("Schema")
            else { return [] }
            return ["INSERT INTO ", "DELETE FROM ", "SELECT "].flatMap { verb in
                file.offsets(of: verb, in: file.text).filter { file.code[$0] == Byte.space }
                    .map { Place(path: file.path, line: file.line(at: $0), found: verb + "…") }
            }
        },
    ]
}

extension SourceFile {
    /// The file's name without folder and ending.
    var stem: String { String(path.split(separator: "/").last?.split(separator: ".").first ?? "") }

    /// The file's name without what stands after a `+`: `VoteStore+Casting` is the role `VoteStore`.
    var noun: String { String(stem.prefix { $0 != "+" }) }

    /// Modules that the file imports, each with the one name that it imports of it, if it is one, and its line.
    var imports: [(module: String, name: String?, line: Int)] {
        offsets(of: "import ", in: code).compactMap { offset in
            let line = line(at: offset)
            let words = self.line(line, of: code).split { $0 == " " || $0 == "." }.map(String.init)
            guard let keyword = words.firstIndex(of: "import"), keyword + 1 < words.count else { return nil }
            let kinds: Set<String> = ["struct", "class", "enum", "protocol", "func", "typealias", "var", "let"]
            guard kinds.contains(words[keyword + 1]) else { return (words[keyword + 1], nil, line) }
            return keyword + 3 < words.count ? (words[keyword + 2], words[keyword + 3], line) : nil
        }
    }

    /// What the role of a product's file lets it import; nil where anything goes: outside products, in the
    /// product's own file, in its demo, and in files that act.
    var productImports: Set<String>? {
        let parts = path.split(separator: "/")
        guard parts.count > 4, parts[0] == "Sources", parts[1] == "Products", parts[3] != "Demo"
        else { return nil }
        for role in Rule.roles where noun.hasSuffix(role.suffix) { return role.imports }
        return Rule.acting.contains { noun.hasSuffix($0) } ? nil : Rule.pure
    }
}
