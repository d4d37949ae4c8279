import Base
import BaseTestKit
import Foundation
import Testing

@Suite struct IDTests {
    private enum Clip {}
    private enum Voter {}

    @Test func `text and bytes lead back to the same id`() throws {
        let randomness = SeededRandomness(seed: 1)
        for _ in 0..<1_000 {
            let id = ID<Clip>(high: randomness.next(), low: randomness.next())
            #expect(ID<Clip>(id.description) == id)
            #expect(ID<Clip>(id.description.uppercased()) == id)
            #expect(ID<Clip>(bytes: id.bytes) == id)
            #expect(UUID(uuidString: id.description)?.uuidString.lowercased() == id.description)
        }
    }

    @Test func `an id carries version 7, the variant of RFC 9562 and its millisecond`() {
        let time = Timestamp(microseconds: 1_795_250_680_123_456)
        let id = ID<Clip>(at: time, using: SeededRandomness(seed: 2))
        #expect(id.bytes[6] >> 4 == 7)
        #expect(id.bytes[8] >> 6 == 0b10)
        #expect(id.madeAt == Timestamp(microseconds: 1_795_250_680_123_000))
    }

    @Test func `ids of later milliseconds sort later, as values and as text`() {
        let randomness = SeededRandomness(seed: 3)
        let ids = (0..<500).map {
            ID<Clip>(at: Timestamp(microseconds: 1_795_250_680_000_000 + Int64($0) * 1_000), using: randomness)
        }
        #expect(ids == ids.sorted())
        #expect(ids.map(\.description) == ids.map(\.description).sorted())
    }

    @Test(arguments: [
        "", "x", "0198c2a4-91d2-7c3b-a111-0242ac12000", "0198c2a4-91d2-7c3b-a111-0242ac1200022",
        "0198c2a491d27c3ba1110242ac120002", "0198c2a4-91d2-7c3b-a111-0242ac12000g",
        "0198c2a4_91d2-7c3b-a111-0242ac120002",
        "0198c2a4-91d2-7c3b-a111-0242ac12é02",
    ])
    func `text that is no id is refused`(text: String) {
        #expect(ID<Voter>(text) == nil)
    }

    @Test func `JSON holds the text form and refuses anything else`() throws {
        let id = ID<Clip>(high: 0x0198_c2a4_91d2_7c3b, low: 0xa111_0242_ac12_0002)
        let json = try JSONEncoder().encode([id])
        #expect(String(decoding: json, as: UTF8.self) == "[\"0198c2a4-91d2-7c3b-a111-0242ac120002\"]")
        #expect(try JSONDecoder().decode([ID<Clip>].self, from: json) == [id])
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([ID<Clip>].self, from: Data("[\"no\"]".utf8)) }
    }
}
