/// How long things may be.
extension Rule {
    enum Bounds {
        static let functionLines = 70
        static let fileLines = 500
    }

    static let lengths: [Rule] = [
        .eachFile(
            "file length", because: "a file has one subject; 150 lines is the aim, \(Bounds.fileLines) the bound",
            instead: "split it by type, or by capability as Type+Capability.swift"
        ) { file in
            guard file.lineCount > Bounds.fileLines, !file.path.contains("/Generated/") else { return [] }
            return [Place(path: file.path, line: Bounds.fileLines, found: "\(file.lineCount) lines")]
        },
        .eachFile(
            "function length", because: "what does not fit on a screen is not read as one thing",
            instead: "name its steps: push ifs up, fors down"
        ) { file in
            file.functions.filter { $0.lines > Bounds.functionLines && !file.path.contains("/Generated/") }
                .map { Place(path: file.path, line: $0.line, found: "\($0.lines) lines") }
        },
    ]
}

extension SourceFile {
    /// First line and length of each function and initialiser with a body.
    var functions: [(line: Int, lines: Int)] {
        (offsets(of: "func ", in: code) + offsets(of: "init(", in: code) + offsets(of: "init?(", in: code))
            .compactMap { start in
                guard let open = bodyStart(from: start) else { return nil }
                let first = line(at: start)
                return (first, line(at: bodyEnd(from: open)) - first + 1)
            }
    }

    private func bodyStart(from start: Int) -> Int? {
        code.withUnsafeBufferPointer { bytes in
            var depth = 0
            var index = start
            while index < bytes.count {
                switch bytes[index] {
                case Byte.open, Byte.openBracket: depth += 1
                case Byte.close, Byte.closeBracket: depth -= 1
                case Byte.openBrace where depth == 0: return index
                case Byte.closeBrace where depth <= 0: return nil
                case Byte.newline where depth == 0:
                    if !signatureGoesOn(after: index) { return nil }
                default: break
                }
                if depth < 0 { return nil }
                index += 1
            }
            return nil
        }
    }

    private func signatureGoesOn(after newline: Int) -> Bool {
        let next = line(line(at: newline) + 1, of: code)
        return ["{", "->", "where ", "throws", "async"].contains { next.hasPrefix($0) }
    }

    private func bodyEnd(from open: Int) -> Int {
        code.withUnsafeBufferPointer { bytes in
            var depth = 0
            for index in open..<bytes.count {
                if bytes[index] == Byte.openBrace { depth += 1 }
                if bytes[index] == Byte.closeBrace {
                    depth -= 1
                    if depth == 0 { return index }
                }
            }
            return bytes.count - 1
        }
    }
}
