import Base
import BaseTestKit
import Testing

@testable import Tournament

@Suite struct ViewTokenTests {
    private let signer = ViewTokenSigner(key: Secret(Array(repeating: 9, count: 32)))
    private let now = Timestamp(microseconds: 1_800_000_000_000_000)
    private let voter = ID<Voter>(high: 1, low: 1)
    private let tenant = Tenant(ID(high: 2, low: 2))
    private var token: ViewToken { ViewToken(clipID: ID(high: 3, low: 3), issuedAt: now, nonce: 77) }

    @Test func `a token counts from two seconds to ten minutes after it was handed out`() {
        let text = signer.text(token, voter: voter, tenant: tenant)
        func check(_ after: Duration) -> ViewTokenSigner.Finding {
            signer.check(text, voter: voter, tenant: tenant, at: now + after)
        }
        #expect(check(.milliseconds(1_999)) == .early)
        #expect(check(.seconds(2)) == .valid(token))
        #expect(check(.seconds(599)) == .valid(token))
        #expect(check(.seconds(600)) == .expired)
    }

    @Test func `a token of another voter or tenant, or with any byte changed, is forged`() {
        let text = signer.text(token, voter: voter, tenant: tenant)
        let later = now + .seconds(5)
        #expect(signer.check(text, voter: ID(high: 1, low: 2), tenant: tenant, at: later) == .forged)
        #expect(signer.check(text, voter: voter, tenant: Tenant(ID(high: 2, low: 3)), at: later) == .forged)
        for index in text.indices {
            var changed = text
            changed.replaceSubrange(index...index, with: text[index] == "A" ? "B" : "A")
            #expect(signer.check(changed, voter: voter, tenant: tenant, at: later) == .forged)
        }
        #expect(signer.check("", voter: voter, tenant: tenant, at: later) == .forged)
        #expect(signer.check(text + "AAAA", voter: voter, tenant: tenant, at: later) == .forged)
    }
}
