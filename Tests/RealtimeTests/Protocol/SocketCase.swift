import Testing

/// Bytes that a client sends on a socket that was just opened, and all that the server may say to them.
///
/// The last that it says is a close, after which it ends the connection.
struct SocketCase: CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    let answers: [ServerFrame]

    /// What comes is right: it is answered so, and then the client's close with its own code.
    static func fine(_ name: String, _ frames: [SocketFrame], _ answers: [ServerFrame]) -> SocketCase {
        SocketCase(
            testDescription: name, bytes: (frames + [.close(1_000)]).flatMap(\.bytes),
            answers: answers + [.close(1_000)])
    }

    /// What comes breaks the protocol: it is answered so, then closed with the code; nothing after that is heard.
    static func broken(
        _ name: String, _ code: UInt16, _ frames: [SocketFrame], after answers: [ServerFrame] = []
    ) -> SocketCase {
        SocketCase(
            testDescription: name, bytes: (frames + [command]).flatMap(\.bytes), answers: answers + [.close(code)])
    }

    /// A command and its answer, by which a message is known to have arrived whole.
    static let command = SocketFrame.text(commandText)
    static let commandText = #"{"id":5,"do":"ping"}"#
    static let commandBytes = Array(commandText.utf8)
    static let answer = ServerFrame.text(#"{"id":5,"ok":"pong"}"#)
    /// What a text is told that is no command.
    static let noCommand = ServerFrame.text(
        #"{"error":"realtime.malformedCommand","detail":"This is no command: a command is a JSON object."}"#)

    /// A command of so many bytes.
    static func command(bytes count: Int) -> [UInt8] {
        let (head, tail) = (#"{"id":5,"do":"ping","filling":""#, #""}"#)
        return Array((head + String(repeating: "x", count: count - head.utf8.count - tail.utf8.count) + tail).utf8)
    }
}

extension SocketCase {
    static let all = framing + pings + reserved + fragments + texts + closes + masks

    private static let framing: [SocketCase] =
        [125, 126, 127, 128, 4_096, 8_191, 8_192].map {
            .fine("a text of \($0) bytes", [.text(command(bytes: $0))], [answer])
        } + [
            .fine("a text of no bytes", [.text("")], [noCommand]),
            .fine(
                "many texts at once", [SocketFrame](repeating: command, count: 60), .init(repeating: answer, count: 60)),
            .broken("a text of a byte too many", 1_009, [.text(command(bytes: 8_193))]),
            .broken("a text of 70,000 bytes", 1_009, [.text(command(bytes: 70_000))]),
            .broken("a binary message", 1_003, [SocketFrame(opcode: 0x2, payload: [1, 2])]),
            .broken("a binary message in parts", 1_003, [SocketFrame(opcode: 0x2, payload: [1], isFinal: false)]),
            // Nobody waits for what is announced.
            SocketCase(
                testDescription: "a frame of 2^62 bytes", bytes: [0x81, 0xFF, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
                answers: [.close(1_009)]),
            SocketCase(
                testDescription: "a length with its highest bit set",
                bytes: [0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 5, 1, 2, 3, 4], answers: [.close(1_009)]),
        ]

    private static let pings: [SocketCase] =
        [[], [0], Array("hello".utf8), [0x00, 0xFF, 0xFE, 0xFD, 0xFC], [UInt8](repeating: 0xFE, count: 125)].map {
            .fine("a ping of \($0.count) bytes", [.ping($0)], [.pong($0)])
        } + [
            .fine("ten pings", (0..<10).map { .ping([$0]) }, (0..<10).map { .pong([$0]) }),
            .fine("pongs that nobody asked for", [.pong([]), .pong([1]), command], [answer]),
            .broken("a ping of 126 bytes", 1_002, [.ping([UInt8](repeating: 0, count: 126))]),
            .broken("a pong of 126 bytes", 1_002, [.pong([UInt8](repeating: 0, count: 126))]),
            .broken("a close of 126 bytes", 1_002, [.close(1_000, [UInt8](repeating: 0x41, count: 124))]),
            .broken("a ping in parts", 1_002, [SocketFrame(opcode: 0x9, payload: [1], isFinal: false)]),
            .broken("a pong in parts", 1_002, [SocketFrame(opcode: 0xA, payload: [1], isFinal: false)]),
            .broken("a close in parts", 1_002, [SocketFrame(opcode: 0x8, payload: [3, 0xE8], isFinal: false)]),
        ]

    private static let reserved: [SocketCase] =
        [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70].flatMap { (bits: UInt8) -> [SocketCase] in
            [(0x1, commandBytes), (0x9, [1]), (0x8, [3, 0xE8])].map { opcode, payload in
                .broken(
                    "the reserved bits \(bits) on opcode \(opcode)", 1_002,
                    [command, SocketFrame(opcode: opcode, payload: payload, reservedBits: bits)], after: [answer])
            }
        }
        + [3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF].flatMap { (opcode: UInt8) -> [SocketCase] in
            [[], [1, 2]].map {
                .broken(
                    "the reserved opcode \(opcode) with \($0.count) bytes", 1_002,
                    [command, SocketFrame(opcode: opcode, payload: $0)], after: [answer])
            }
        }

    private static let fragments: [SocketCase] = [
        .fine("a text in two parts", SocketFrame.parts(of: commandBytes, cutAt: [7]), [answer]),
        .fine(
            "a text in parts of a byte", SocketFrame.parts(of: commandBytes, cutAt: Array(1..<commandBytes.count)),
            [answer]),
        .fine("parts of which some are empty", SocketFrame.parts(of: commandBytes, cutAt: [0, 0, 7, 7, 20]), [answer]),
        .fine("a text of three empty parts", SocketFrame.parts(of: [], cutAt: [0, 0]), [noCommand]),
        .fine(
            "a text of 8,192 bytes in parts", SocketFrame.parts(of: command(bytes: 8_192), cutAt: [1, 4_000]), [answer]),
        .fine(
            "a ping between parts, answered before the text",
            [
                .text(Array(commandBytes.prefix(7)), isFinal: false), .ping([9]),
                .more(Array(commandBytes.dropFirst(7)), isFinal: true),
            ],
            [.pong([9]), answer]),
        .fine(
            "pings and pongs between all parts",
            SocketFrame.parts(of: commandBytes, cutAt: [3, 6, 9]).flatMap { [$0, .ping([7]), .pong([8])] },
            [.pong([7]), .pong([7]), .pong([7]), answer, .pong([7])]),
        SocketCase(
            testDescription: "a close between parts",
            bytes: SocketFrame.text("{", isFinal: false).bytes + SocketFrame.close(1_001).bytes,
            answers: [.close(1_001)]),
        .broken("the end of nothing", 1_002, [.more(commandBytes, isFinal: true)]),
        .broken("the middle of nothing", 1_002, [.more(commandBytes, isFinal: false)]),
        .broken("an end after a whole text", 1_002, [command, .more([], isFinal: true)], after: [answer]),
        .broken(
            "an end after the end", 1_002,
            SocketFrame.parts(of: commandBytes, cutAt: [7]) + [.more(commandBytes, isFinal: true)], after: [answer]),
        .broken("a text within a text", 1_002, [.text("{", isFinal: false), command]),
        .broken("a beginning within a text", 1_002, [.text("{", isFinal: false), .text("}", isFinal: false)]),
        .broken(
            "a binary message within a text", 1_003,
            [.text("{", isFinal: false), SocketFrame(opcode: 0x2, payload: [1])]),
        .broken(
            "parts that are too many bytes together", 1_009,
            [
                .text([UInt8](repeating: 0x20, count: 8_000), isFinal: false),
                .more([UInt8](repeating: 0x20, count: 193), isFinal: false),
            ]),
    ]

    private static let texts: [SocketCase] =
        [
            "κόσμε", "Grüße \u{0}", "\u{7F}\u{80}\u{7FF}\u{800}\u{FFFF}", "\u{D7FF}\u{E000}\u{FFFD}\u{FFFE}",
            "\u{10000}\u{10FFFF}", "👩‍👩‍👧 e\u{301}",
        ].flatMap { (text: String) -> [SocketCase] in
            let bytes = Array(text.utf8)
            return [.fine("the text \(text)", [.text(text)], [noCommand])]
                + (1..<bytes.count).map {
                    .fine("the text \(text), cut at byte \($0)", SocketFrame.parts(of: bytes, cutAt: [$0]), [noCommand])
                }
        }
        + wrongTexts.flatMap { (bytes: [UInt8]) -> [SocketCase] in
            let name = bytes.map { String($0, radix: 16) }.joined(separator: " ")
            return [
                .broken("the bytes \(name)", 1_007, [.text([0x41] + bytes)]),
                .broken("the bytes \(name) between others", 1_007, [.text([0x41] + bytes + [0x42])]),
            ]
                + (0...bytes.count).map {
                    .broken(
                        "the bytes \(name), cut at byte \($0)", 1_007,
                        SocketFrame.parts(of: [0x41] + bytes, cutAt: [$0 + 1]))
                }
        }
        // Refused at once, although the message has not ended and may never.
        + wrongTexts.filter { !begun.contains($0) }.map {
            SocketCase(
                testDescription: "the bytes \($0) in a message that does not end",
                bytes: SocketFrame.text([0x41] + $0, isFinal: false).bytes, answers: [.close(1_007)])
        }

    /// What ends within a character, which could still go on.
    private static let begun: [[UInt8]] = [[0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x98]]

    private static let wrongTexts: [[UInt8]] =
        begun + [
            [0x80], [0xBF], [0xFE], [0xFF], [0xC0, 0xAF], [0xC1, 0xBF], [0xE0, 0x80, 0xAF], [0xE0, 0x9F, 0xBF],
            [0xF0, 0x80, 0x80, 0xAF], [0xF0, 0x8F, 0xBF, 0xBF], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
            [0xED, 0xA0, 0x80, 0xED, 0xB0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
            [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFC, 0x84, 0x80, 0x80, 0x80, 0x80],
            [0xCE, 0xBA, 0xE1, 0xBD, 0xB9, 0xCF, 0x83, 0xED, 0xA0, 0x80],
        ]

    private static let closes: [SocketCase] =
        [
            1_000, 1_001, 1_002, 1_003, 1_007, 1_008, 1_009, 1_010, 1_011, 1_012, 1_013, 1_014, 3_000, 3_999, 4_000,
            4_999,
        ].map { (code: UInt16) in
            SocketCase(
                testDescription: "a close with \(code)", bytes: SocketFrame.close(code, Array("bye".utf8)).bytes,
                answers: [.close(code)])
        }
        + [0, 999, 1_004, 1_005, 1_006, 1_015, 1_016, 1_100, 2_000, 2_999, 5_000, 65_535].map { (code: UInt16) in
            .broken("a close with \(code)", 1_002, [.close(code)])
        } + [
            SocketCase(
                testDescription: "a close without a code", bytes: SocketFrame(opcode: 0x8, payload: []).bytes,
                answers: [.close(1_000)]),
            SocketCase(
                testDescription: "a close with the longest reason",
                bytes: SocketFrame.close(1_000, [UInt8](repeating: 0x41, count: 123)).bytes, answers: [.close(1_000)]),
            .broken("a close of one byte", 1_002, [SocketFrame(opcode: 0x8, payload: [3])]),
            .broken("a close whose reason is no UTF-8", 1_007, [.close(1_000, [0xCE, 0xBA, 0xED, 0xA0, 0x80])]),
            .broken("a ping after a close", 1_000, [.close(1_000), .ping([1])]),
            .broken("a second close", 1_000, [.close(1_000), .close(1_001)]),
        ]

    private static let masks: [SocketCase] = [(0x1, commandBytes), (0x9, [1]), (0xA, [1]), (0x8, [3, 0xE8])].map {
        .broken(
            "opcode \($0) without a mask", 1_002, [command, SocketFrame(opcode: $0, payload: $1, isMasked: false)],
            after: [answer])
    }
}
