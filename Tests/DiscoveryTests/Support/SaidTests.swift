import Testing

@testable import Discovery

@Suite struct SaidTests {
    @Test func `every word of a form about lists has one sentence`() {
        for word in Said.more.keys { #expect(Said.sentence(word)?.isGood == true, "\(word)") }
        for word in Said.moreBad.keys { #expect(Said.sentence(word)?.isGood == false, "\(word)") }
        #expect(Said.sentence("nothing") == nil)
    }
}
