import Base
import Testing

@testable import Discovery

@Suite struct WordingTests {
    @Test func `large numbers are shortened and unknown ones are a dash`() {
        #expect(Wording.short(nil) == "–")
        #expect(Wording.short(0) == "0")
        #expect(Wording.short(9_999) == "9,999")
        #expect(Wording.short(10_000) == "10K")
        #expect(Wording.short(61_250) == "61.2K")
        #expect(Wording.short(99_999) == "99.9K")
        #expect(Wording.short(999_999) == "999K")
        #expect(Wording.short(4_100_000) == "4.1M")
        #expect(Wording.short(3_000_000_000) == "3B")
    }

    @Test func `a part in millionths is a percentage of one digit`() {
        #expect(Wording.percent(millionths: nil) == "–")
        #expect(Wording.percent(millionths: 42_499) == "4.2 %")
        #expect(Wording.percent(millionths: 42_500) == "4.3 %")
        #expect(Wording.percent(millionths: 0) == "0.0 %")
    }
}
