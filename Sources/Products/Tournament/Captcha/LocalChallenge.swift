import Base

/// The built-in check of demos: a small sum.
///
/// It keeps no machine out and says so on its page.
/// It lets the way through a captcha be walked without a vendor's key, under the same rules: single use, 300 seconds.
struct LocalChallenge: Sendable, Hashable {
    static let lifetime: Duration = .seconds(300)

    let question: String
    /// The challenge's proof: what the form sends back beside the answer.
    let proof: String

    init(_ chance: UInt64, at now: Timestamp, voter: ID<Voter>, tenant: Tenant, signer: CaptchaSigner) {
        let (left, right) = (Int(chance % 8) + 2, Int(chance >> 8 % 8) + 1)
        question = "What is \(left) plus \(right)?"
        proof = signer.challenge(left + right, nonce: chance, at: now, voter: voter, tenant: tenant)
    }

    /// Whether an answer solves a challenge that is not too old; whether it was used before is not known here.
    static func isSolved(
        _ proof: String, answer: String, at now: Timestamp, voter: ID<Voter>, tenant: Tenant, signer: CaptchaSigner
    ) -> CaptchaVerdict {
        let digits = answer.filter { !$0.isWhitespace }
        guard let number = Int(digits), (0...100).contains(number),
            let madeAt = signer.challengeTime(proof, answer: number, voter: voter, tenant: tenant)
        else { return .refused(digits.isEmpty ? .missing : .invalid) }
        return now < madeAt + lifetime ? .solved : .refused(.spent)
    }
}
