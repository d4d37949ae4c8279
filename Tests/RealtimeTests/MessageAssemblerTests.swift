import NIOCore
import Testing

@testable import Realtime

@Suite struct MessageAssemblerTests {
    private typealias Frame = MessageAssembler.Frame

    private func frame(
        _ opcode: UInt8, _ bytes: [UInt8] = [], final: Bool = true, reserved: Bool = false, masked: Bool = true
    ) -> Frame {
        Frame(
            opcode: opcode, isFinal: final, hasReservedBits: reserved, isMasked: masked, data: ByteBuffer(bytes: bytes))
    }

    private func code(_ frames: Frame...) -> CloseCode? {
        var assembler = MessageAssembler(bytesMax: 100)
        for frame in frames { if case .violation(let code, _) = assembler.take(frame) { return code } }
        return nil
    }

    @Test func `a message in parts is one, whatever stands between them`() {
        var assembler = MessageAssembler(bytesMax: 100)
        // A character of two bytes is cut in the middle.
        #expect(assembler.take(frame(0x1, [0x41, 0xC3], final: false)) == .incomplete)
        #expect(assembler.take(frame(0x9, [7])) == .ping(ByteBuffer(bytes: [7])))
        #expect(assembler.take(frame(0x0, [0xA4], final: false)) == .incomplete)
        #expect(assembler.take(frame(0x0, [])) == .text("Aä"))
        #expect(assembler.take(frame(0x1, [])) == .text(""))
    }

    @Test func `what breaks the protocol ends the connection with the code for it`() {
        #expect(code(frame(0x1, [0x41], masked: false)) == .protocolError)
        #expect(code(frame(0x1, [0x41], reserved: true)) == .protocolError)
        #expect(code(frame(0x0, [0x41])) == .protocolError)
        #expect(code(frame(0x1, [], final: false), frame(0x1, [])) == .protocolError)
        #expect(code(frame(0x3)) == .protocolError)
        #expect(code(frame(0xB)) == .protocolError)
        #expect(code(frame(0x9, [], final: false)) == .protocolError)
        #expect(code(frame(0x9, [UInt8](repeating: 0, count: 126))) == .protocolError)
        #expect(code(frame(0x2, [1])) == .unsupportedData)
    }

    @Test(arguments: [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0xAF], [0xF4, 0x90, 0x80, 0x80]] as [[UInt8]])
    func `a text that is no UTF-8 is refused, also in parts`(bytes: [UInt8]) {
        #expect(code(frame(0x1, bytes)) == .invalidText)
        #expect(
            code(frame(0x1, Array(bytes.prefix(1)), final: false), frame(0x0, Array(bytes.dropFirst()))) == .invalidText
        )
    }

    @Test func `what can no longer become a text is refused before it ends`() {
        // Every character of two bytes and more, whole or cut anywhere, is known for what it is.
        for bytes in [[0xC2, 0x80], [0xE0, 0xA0, 0x80], [0xED, 0x9F, 0xBF], [0xF0, 0x90, 0x80, 0x80]] as [[UInt8]] {
            for cut in 0...bytes.count { #expect(code(frame(0x1, Array(bytes.prefix(cut)), final: false)) == nil) }
        }
        for bytes in [
            [0x80], [0xC0], [0xC1], [0xC3, 0x41], [0xE0, 0x9F], [0xED, 0xA0], [0xE2, 0x82, 0x41], [0xF0, 0x8F],
            [0xF4, 0x90],
            [0xF5], [0xFF],
        ] as [[UInt8]] {
            #expect(code(frame(0x1, [0x41] + bytes, final: false)) == .invalidText)
            #expect(
                code(
                    frame(0x1, Array(bytes.dropLast()), final: false),
                    frame(0x0, [bytes[bytes.count - 1]], final: false))
                    == .invalidText)
        }
    }

    @Test func `a message over the bound is refused, in one part or many`() {
        let half = [UInt8](repeating: 0x41, count: 60)
        #expect(code(frame(0x1, half)) == nil)
        #expect(code(frame(0x1, half, final: false), frame(0x0, half, final: false)) == .tooLarge)
        #expect(code(frame(0x1, half + half)) == .tooLarge)
    }

    @Test(
        arguments: [
            (1_000, true), (1_001, true), (1_003, true), (1_007, true), (1_011, true), (3_000, true), (4_999, true),
            (0, false), (999, false), (1_004, false), (1_005, false), (1_006, false), (1_015, false), (1_016, false),
            (2_999, false), (5_000, false), (65_535, false),
        ] as [(UInt16, Bool)])
    func `a close carries a code that may be sent`(code: UInt16, isAllowed: Bool) {
        var assembler = MessageAssembler(bytesMax: 100)
        let event = assembler.take(frame(0x8, [UInt8(code >> 8), UInt8(code & 0xFF)] + Array("bye".utf8)))
        #expect((event == .close(code)) == isAllowed)
    }

    @Test func `a close of one byte, or with a reason that is no UTF-8, breaks the protocol`() {
        #expect(code(frame(0x8, [3])) == .protocolError)
        #expect(code(frame(0x8, [3, 0xE8, 0xFF])) == .invalidText)
        var assembler = MessageAssembler(bytesMax: 100)
        #expect(assembler.take(frame(0x8)) == .close(1_000))
    }
}
