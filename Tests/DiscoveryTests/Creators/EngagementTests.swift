import Base
import Testing

@testable import Discovery

@Suite struct EngagementTests {
    private func post(_ views: Int64?, _ likes: Int64?, _ comments: Int64?) -> CreatorPost {
        CreatorPost(externalID: "p", caption: "", views: views, likes: likes, comments: comments)
    }

    @Test func `engagement is a median, over posts that tell all of it`() {
        let posts = [
            post(1_000, 40, 10), post(1_000, 90, 10), post(1_000, 0, 0), post(1_000, nil, 900), post(nil, 900, 900),
            post(0, 5, 5),
        ]
        #expect(Engagement.millionths(of: posts) == 50_000)
        #expect(Engagement.millionths(of: [post(1_000, nil, 3)]) == nil)
        #expect(Engagement.millionths(of: []) == nil)
    }

    @Test func `numbers at the end of 64 bits do not overflow`() {
        #expect(Engagement.millionths(of: [post(.max, .max - 1, 0)]) == 999_999)
        #expect(Engagement.millionths(of: [post(1, .max, .max)]) == nil)
        #expect(Engagement.median([.max, .max - 2]) == Int64.max - 1)
        #expect(Engagement.median([3, 1, 2]) == 2 && Engagement.median([4, 1]) == 2)
    }

    @Test func `addresses, links and hashtags are found in what people write`() {
        let bio = "Mail: Me.Here@Mail.example. or <x@y>, https://a.example/b. #Trail_Run #x #über"
        #expect(ContactFinding.email(in: bio) == "me.here@mail.example")
        #expect(ContactFinding.links(in: bio) == ["https://a.example/b"])
        #expect(ContactFinding.hashtags(in: bio) == ["trail_run", "über"])
        #expect(ContactFinding.address("no@host") == nil && ContactFinding.address("a@b.c@d.example") == nil)
    }
}
