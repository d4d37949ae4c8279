import Base
import BaseTestKit
import Foundation
import Testing

@testable import Discovery

@Suite struct ExportCellTests {
    private func cell(_ text: String) -> String {
        var buffer = Array("x,".utf8)
        let start = buffer.count
        buffer.append(contentsOf: text.utf8)
        ExportCell.finish(&buffer, from: start)
        return String(decoding: buffer.dropFirst(2), as: UTF8.self)
    }

    @Test func `cells are quoted where they must be, and nothing is taken for a formula`() {
        #expect(cell("plain") == "plain")
        #expect(cell("") == "")
        #expect(cell("a,b") == "\"a,b\"")
        #expect(cell("say \"hi\"") == "\"say \"\"hi\"\"\"")
        #expect(cell("two\nlines") == "\"two\nlines\"")
        for head in ["=", "+", "-", "@", "\t", "\r"] {
            #expect(cell(head + "cmd|'/c calc'!A1").hasPrefix("\"'" + head))
        }
        #expect(cell("a=b") == "a=b")
    }

    @Test(arguments: 1...30)
    func `texts of JSON are read back as they were`(seed: Int) throws {
        let chance = SeededRandomness(seed: UInt64(seed))
        let alphabet: [Unicode.Scalar] = ["a", "\"", "\\", "\n", "\r", "\t", "\u{1}", "\u{1F}", "é", "😀", "/", "<"]
        var scalars = String.UnicodeScalarView()
        for _ in 0..<chance.below(40) { scalars.append(alphabet[chance.below(alphabet.count)]) }
        let text = String(scalars)
        var buffer = Array(text.utf8)
        ExportCell.quote(&buffer, from: 0)
        let read = try JSONSerialization.jsonObject(with: Data(buffer), options: .fragmentsAllowed) as? String
        #expect(read == text)
    }

    @Test func `millionths are written as fractions`() {
        func fraction(_ value: Int64) -> String {
            var buffer: [UInt8] = []
            ExportCell.appendFraction(millionths: value, to: &buffer)
            return String(decoding: buffer, as: UTF8.self)
        }
        #expect(fraction(0) == "0")
        #expect(fraction(42_000) == "0.042")
        #expect(fraction(1_000_000) == "1")
        #expect(fraction(1_000_001) == "1.000001")
        #expect(fraction(123_456) == "0.123456")
    }

    @Test(arguments: 1...20)
    func `sets of row numbers hold what was put in, also after they were stored`(seed: Int) throws {
        let chance = SeededRandomness(seed: UInt64(seed))
        let numbers = Set((0..<200).map { _ in Int64(chance.below(5_000)) })
        var set = SequenceSet()
        for number in numbers {
            set.insert(number)
            set.insert(number)
        }
        let read = try JSONDecoder().decode(SequenceSet.self, from: JSONEncoder().encode(set))
        #expect(read == set && read.count == numbers.count)
        #expect((0..<6_000).allSatisfy { set.contains($0) == numbers.contains($0) })
    }
}
