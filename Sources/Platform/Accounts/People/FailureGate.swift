import Base
import Limits
import Web

/// How often passwords may be guessed.
///
/// An attempt takes from three allowances before the password is looked at, and gets it back when it was right: by
/// address group, by account and address group, and by account. The last is generous, because it can be used up by
/// strangers.
struct FailureGate: Sendable {
    private let perAddress: RateLimiter
    private let perAccountAndAddress: RateLimiter
    private let perAccount: RateLimiter
    private let signUps: RateLimiter

    init(_ settings: DoorkeeperSettings, _ limits: LimitRegistry) {
        perAddress = limits.limiter(
            for: .init("accounts.failuresPerAddress", limit: settings.failuresPerAddress, per: .seconds(900)))
        perAccountAndAddress = limits.limiter(
            for: .init(
                "accounts.failuresPerAccountAndAddress", limit: settings.failuresPerAccountAndAddress,
                per: .seconds(900)))
        perAccount = limits.limiter(
            for: .init("accounts.failuresPerAccount", limit: settings.failuresPerAccount, per: .seconds(3_600)))
        signUps = limits.limiter(
            for: .init("accounts.signUpsPerAddress", limit: settings.signUpsPerAddress, per: .seconds(3_600)))
    }

    /// Takes one attempt; returns how long to wait when there is none left, and has then taken nothing.
    func admit(_ email: EmailAddress?, _ address: IPAddress) -> Duration? {
        let steps = steps(email, address)
        for (index, step) in steps.enumerated() {
            guard let refusal = step.limiter.admit(step.key).refusal else { continue }
            for taken in steps[..<index] { taken.limiter.giveBack(taken.key) }
            return refusal.retryAfter ?? .seconds(900)
        }
        return nil
    }

    /// Gives an attempt back that was no failure.
    func forgive(_ email: EmailAddress?, _ address: IPAddress) {
        for step in steps(email, address) { step.limiter.giveBack(step.key) }
    }

    /// Takes one sign-up; returns how long to wait when there is none left.
    func admitSignUp(_ address: IPAddress) -> Duration? {
        let admission = signUps.admit(.bypassingTenant(named: address.group.description))
        return admission.refusal.map { $0.retryAfter ?? .seconds(3_600) }
    }

    private func steps(_ email: EmailAddress?, _ address: IPAddress) -> [(limiter: RateLimiter, key: LimitKey)] {
        let group = address.group.description
        var steps = [(limiter: perAddress, key: LimitKey.bypassingTenant(named: group))]
        if let email {
            steps.append((perAccountAndAddress, .bypassingTenant(named: "\(email.text) \(group)")))
            steps.append((perAccount, .bypassingTenant(named: email.text)))
        }
        return steps
    }
}
