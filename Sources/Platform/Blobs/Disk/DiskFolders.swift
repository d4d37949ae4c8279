#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The folders of a disk store: `<root>/<tenant>/<segments…>/<last segment>~`, and `<root>/.incoming` for uploads.
///
/// The tilde, which no key can contain, tells objects from folders: `a` and `a/b` may both exist, as in every other
/// object store. All functions block.
struct DiskFolders: Sendable {
    let root: String
    let calls: DiskCalls

    var incoming: String { root + "/.incoming" }

    /// Where an object is: its folder below the root, and its file's name.
    func place(_ key: BlobKey, _ tenant: String) -> (folders: [String], file: String) {
        let segments = key.segments.map(String.init)
        return ([tenant] + segments.dropLast(), (segments.last ?? "") + "~")
    }

    func path(_ key: BlobKey, _ tenant: String) -> String {
        let place = place(key, tenant)
        return ([root] + place.folders + [place.file]).joined(separator: "/")
    }

    /// Makes folders below the root that are not there yet, each on stable storage before the next.
    func make(_ folders: [String]) throws(DiskFailure) {
        var path = root
        for folder in folders {
            let parent = path
            path += "/" + folder
            if mkdir(path, 0o750) == 0 {
                try calls.sync(DiskFile(opening: parent, O_RDONLY | O_DIRECTORY))
            } else if errno != EEXIST {
                throw DiskFailure("mkdir")
            }
        }
    }

    /// Removes folders that became empty, from the innermost outward.
    ///
    /// An upload that needs one makes it again.
    func prune(_ folders: [String]) {
        var folders = folders
        while !folders.isEmpty, rmdir(([root] + folders).joined(separator: "/")) == 0 { folders.removeLast() }
    }

    /// The keys of a tenant in order; memory stays within a few times `limit`, however many there are.
    func keys(of tenant: String, prefix: String, after: String?, limit: Int) throws(DiskFailure) -> [BlobKey] {
        var walk = Walk(prefix: prefix, after: after, limit: limit)
        try walk.visit(root + "/" + tenant, "")
        return walk.found
    }

    /// The smallest names in the root above `after` for which `isWanted` holds, at most `limit`, in order.
    func names(after: String?, limit: Int, where isWanted: (String) -> Bool) throws(DiskFailure) -> [String] {
        var smallest = Smallest(limit: limit)
        try Self.forEachName(in: root) { name in
            if isWanted(name), after.map({ name > $0 }) ?? true { smallest.add(name) }
        }
        return smallest.sorted
    }

    /// Removes uploads that were left by a process that died, last written before `seconds` since 1970.
    func removeAbandoned(before seconds: Int64) throws(DiskFailure) -> Int {
        var removed = 0
        try Self.forEachName(in: incoming) { name in
            var status = stat()
            let path = incoming + "/" + name
            #if canImport(Glibc)
                guard stat(path, &status) == 0, Int64(status.st_mtim.tv_sec) < seconds else { return }
            #else
                guard stat(path, &status) == 0, Int64(status.st_mtimespec.tv_sec) < seconds else { return }
            #endif
            if unlink(path) == 0 { removed += 1 }
        }
        return removed
    }

    /// Calls `body` with each name but `.` and `..`; a folder that is not there has none.
    static func forEachName(in path: String, _ body: (String) -> Void) throws(DiskFailure) {
        guard let folder = opendir(path) else {
            if errno == ENOENT || errno == ENOTDIR { return }
            throw DiskFailure("opendir")
        }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
                    String(cString: $0)
                }
            }
            if name != ".", name != ".." { body(name) }
        }
    }
}

/// The `limit` smallest of many strings.
///
/// Keys are ASCII, for which Swift's order is the order of bytes.
private struct Smallest {
    let limit: Int
    private var kept: [String] = []
    /// Whether something was left out.
    private(set) var isCut = false

    init(limit: Int) { self.limit = limit }

    mutating func add(_ text: String) {
        kept.append(text)
        if kept.count > limit * 2 + 16 { trim() }
    }

    var sorted: [String] {
        mutating get {
            trim()
            return kept
        }
    }

    private mutating func trim() {
        kept.sort()
        if kept.count > limit {
            kept.removeLast(kept.count - limit)
            isCut = true
        }
    }
}

/// A walk through a tenant's folders in the order of the keys.
///
/// Within a folder, an object counts as its key and a folder as its path with a slash, which is how all keys below
/// it begin; so the order of these is the order of the keys.
private struct Walk {
    let prefix: String
    let after: String?
    let limit: Int
    var found: [BlobKey] = []

    mutating func visit(_ path: String, _ base: String) throws(DiskFailure) {
        var floor = after
        while true {
            let (forms, isCut) = try smallest(in: path, base, above: floor)
            for form in forms {
                if found.count == limit { return }
                if form.hasSuffix("/") {
                    try visit(path + "/" + form.dropFirst(base.count).dropLast(), form)
                } else if let key = BlobKey(form) {
                    found.append(key)
                }
            }
            guard isCut, let last = forms.last, found.count < limit else { return }
            // "0" follows "/", so everything below the last folder is passed, too.
            floor = last.hasSuffix("/") ? last.dropLast() + "/\u{7F}" : last
        }
    }

    private func smallest(
        in path: String, _ base: String, above floor: String?
    ) throws(DiskFailure) -> (forms: [String], isCut: Bool) {
        var smallest = Smallest(limit: limit - found.count)
        try DiskFolders.forEachName(in: path) { name in
            let isObject = name.hasSuffix("~")
            let form = isObject ? base + name.dropLast() : base + name + "/"
            let isWanted = form.hasPrefix(prefix) || (!isObject && prefix.hasPrefix(form))
            guard isWanted else { return }
            if let floor, form <= floor, isObject || !floor.hasPrefix(form) || floor.hasSuffix("\u{7F}") { return }
            smallest.add(form)
        }
        return (smallest.sorted, smallest.isCut)
    }
}
