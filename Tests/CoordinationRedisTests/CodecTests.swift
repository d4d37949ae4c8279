import Base
import BaseTestKit
import NIOCore
import Testing

@testable import CoordinationRedis

/// What arrives is read the same however it is cut, and nothing that arrives does harm.
@Suite struct CodecTests {
    @Test(arguments: 0..<200 as Range<UInt64>)
    func `values are read whole, however they are cut`(seed: UInt64) throws {
        let source = SeededRandomness(seed: seed)
        var writer = RESPWriter(source: source)
        let values = (0..<5).map { _ in writer.value(depth: 0) }
        for value in values { writer.write(value) }
        var decoder = RESPDecoder()
        var read: [RESPValue] = []
        var rest = writer.bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(1 + source.below([1, 3, 17, 4_096][source.below(4)]))
            rest = rest.dropFirst(piece.count)
            decoder.append(ByteBuffer(bytes: piece))
            while let value = try decoder.next() { read.append(value) }
        }
        #expect(read == values, "seed \(seed)")
        #expect(decoder.waitingBytes == 0)
    }

    @Test(arguments: 0..<300 as Range<UInt64>)
    func `damaged bytes end in a violation or in values, never in more`(seed: UInt64) {
        let source = SeededRandomness(seed: seed)
        var writer = RESPWriter(source: source)
        for _ in 0..<5 { writer.write(writer.value(depth: 0)) }
        var bytes = writer.bytes
        for _ in 0...source.below(6) where !bytes.isEmpty {
            bytes[source.below(bytes.count)] = UInt8(truncatingIfNeeded: source.next())
        }
        var decoder = RESPDecoder(
            bounds: .init(lineBytes: 1_024, stringBytes: 65_536, replyBytes: 1 << 20, elements: 9_999))
        var count = 0
        for byte in bytes {
            decoder.append(ByteBuffer(bytes: [byte]))
            do {
                while try decoder.next() != nil { count += 1 }
            } catch {
                #expect(throws: RESPViolation.self) { try decoder.next() }
                break
            }
        }
        #expect(count <= bytes.count, "seed \(seed)")
    }

    @Test(arguments: [
        (":+7\r\n", RESPValue.number(7)), (":-9223372036854775808\r\n", .number(.min)), ("$-1\r\n", .null),
        ("*-1\r\n", .null), ("_\r\n", .null), ("#t\r\n", .boolean(true)), (",-inf\r\n", .double(-.infinity)),
        (",1.5e3\r\n", .double(1_500)), ("(-349\r\n", .bigNumber("-349")),
        ("=8\r\ntxt:a\r\nb\r\n", .verbatim(format: "txt", [97, 13, 10, 98])),
        ("!9\r\nERR\r\noh n\r\n", .error(RESPError("ERR\r\noh n"))),
        ("$?\r\n;2\r\nab\r\n;1\r\nc\r\n;0\r\n", .bytes([97, 98, 99])),
        ("*?\r\n:1\r\n*0\r\n.\r\n", .array([.number(1), .array([])])),
        ("%?\r\n+a\r\n:1\r\n.\r\n", .map([RESPPair(.simple("a"), .number(1))])),
        ("|1\r\n+ttl\r\n:3\r\n$1\r\nx\r\n", .bytes([120])),
        ("*2\r\n|1\r\n+a\r\n*1\r\n:9\r\n:1\r\n:2\r\n", .array([.number(1), .number(2)])),
        ("~1\r\n+a\r\n", .set([.simple("a")])), (">2\r\n+a\r\n+b\r\n", .push([.simple("a"), .simple("b")])),
    ])
    func `each form of the protocol has its meaning`(text: String, value: RESPValue) throws {
        var decoder = RESPDecoder()
        decoder.append(ByteBuffer(string: text))
        let read = try decoder.next()
        #expect(read == value)
        #expect(decoder.waitingBytes == 0)
    }

    @Test(arguments: [
        "?1\r\n", ":\r\n", ":1x\r\n", ":9223372036854775808\r\n", "$-2\r\n", "$99999999999\r\n", "*99999999999\r\n",
        "$1\r\nab\r\n", "#x\r\n", ",0x10\r\n", ",one\r\n", "(12a\r\n", "=2\r\nab\r\n", ".\r\n", ";1\r\n", "\r\n", "\n",
        "+a\n", "%?\r\n+a\r\n.\r\n", "$?\r\n:1\r\n", ">?\r\n", "_x\r\n",
    ])
    func `what is no RESP3 is a violation`(text: String) {
        var decoder = RESPDecoder()
        decoder.append(ByteBuffer(string: text))
        #expect(throws: RESPViolation.self) { try decoder.next() }
    }

    @Test func `depth, size, lines and elements are bounded`() {
        var bounds = RESPDecoder.Bounds()
        bounds.depth = 4
        bounds.lineBytes = 64
        bounds.stringBytes = 100
        bounds.replyBytes = 150
        bounds.elements = 10
        for text in [
            String(repeating: "*1\r\n", count: 5), "+" + String(repeating: "a", count: 100), "$101\r\n",
            "*2\r\n$80\r\n" + String(repeating: "a", count: 80) + "\r\n$80\r\n", "*11\r\n",
            "*2\r\n*5\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n*5\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n",
        ] {
            var decoder = RESPDecoder(bounds: bounds)
            decoder.append(ByteBuffer(string: text))
            #expect(throws: RESPViolation.self, "\(text)") { try decoder.next() }
        }
    }

    @Test func `a command is encoded as the server wants it`() {
        let command = RedisCommand("SET", [.key("ké"), .bytes([0, 13, 10]), "PX", .number(-12)])
        #expect(
            command.encoded
                == Array("*5\r\n$3\r\nSET\r\n$3\r\nké\r\n$3\r\n\u{0}\r\n\r\n$2\r\nPX\r\n$3\r\n-12\r\n".utf8))
        #expect(command.key == "ké")
    }
}

/// Makes and writes values as a server may.
struct RESPWriter {
    let source: SeededRandomness
    var bytes: [UInt8] = []

    init(source: SeededRandomness) { self.source = source }

    func value(depth: Int) -> RESPValue {
        switch source.below(depth < 4 ? 13 : 8) {
        case 0: .null
        case 1: .simple(word)
        case 2: .error(RESPError("ERR " + word))
        case 3: .number(Int64(bitPattern: source.next()) >> source.below(64))
        case 4: .double(Double(source.below(1_000_000)) / 64)
        case 5: .boolean(source.below(2) == 0)
        case 6: .bytes(source.bytes(source.below(200)))
        case 7:
            source.below(2) == 0
                ? .bigNumber("\(source.next())") : .verbatim(format: "mkd", source.bytes(source.below(20)))
        case 8: .set(some(depth))
        case 9: .map(some(depth).map { RESPPair(.simple(word), $0) })
        case 10: .push(some(depth))
        default: .array(some(depth))
        }
    }

    private var word: String { String(repeating: "wörd ", count: source.below(4)) }

    private func some(_ depth: Int) -> [RESPValue] { (0..<source.below(5)).map { _ in value(depth: depth + 1) } }

    mutating func write(_ value: RESPValue) {
        if source.below(12) == 0 { add("|1\r\n+seen\r\n:\(source.below(100))\r\n") }
        switch value {
        case .null: add(["_\r\n", "$-1\r\n", "*-1\r\n"][source.below(3)])
        case .simple(let text): add("+\(text)\r\n")
        case .error(let error):
            add(source.below(2) == 0 ? "-\(error.text)\r\n" : "!\(error.text.utf8.count)\r\n\(error.text)\r\n")
        case .number(let number): add(":\(number)\r\n")
        case .double(let number): add(",\(number)\r\n")
        case .boolean(let isTrue): add(isTrue ? "#t\r\n" : "#f\r\n")
        case .bigNumber(let digits): add("(\(digits)\r\n")
        case .bytes(let content): write(content)
        case .verbatim(let format, let content):
            add("=\(content.count + 4)\r\n\(format):")
            bytes += content
            add("\r\n")
        case .array(let items): write("*", items, mayStream: true)
        case .set(let items): write("~", items, mayStream: true)
        case .push(let items): write(">", items, mayStream: false)
        case .map(let pairs):
            let isStreamed = source.below(4) == 0
            add("%\(isStreamed ? "?" : "\(pairs.count)")\r\n")
            for pair in pairs {
                write(pair.key)
                write(pair.value)
            }
            if isStreamed { add(".\r\n") }
        }
    }

    private mutating func write(_ content: [UInt8]) {
        guard source.below(4) == 0 else {
            add("$\(content.count)\r\n")
            bytes += content
            return add("\r\n")
        }
        add("$?\r\n")
        var rest = content[...]
        while !rest.isEmpty {
            let piece = rest.prefix(1 + source.below(50))
            rest = rest.dropFirst(piece.count)
            add(";\(piece.count)\r\n")
            bytes += piece
            add("\r\n")
        }
        add(";0\r\n")
    }

    private mutating func write(_ mark: String, _ items: [RESPValue], mayStream: Bool) {
        let isStreamed = mayStream && source.below(4) == 0
        add(mark + (isStreamed ? "?" : "\(items.count)") + "\r\n")
        for item in items { write(item) }
        if isStreamed { add(".\r\n") }
    }

    private mutating func add(_ text: String) { bytes += Array(text.utf8) }
}
