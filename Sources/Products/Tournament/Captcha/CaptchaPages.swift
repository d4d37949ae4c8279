import Base
import Web

/// The page on which a captcha is solved.
struct CaptchaPage: Sendable {
    struct Turnstile: Sendable {
        let siteKey: String
        let script = "https://challenges.cloudflare.com/turnstile/v0/api.js"
        let action = CaptchaExpectation.action
    }

    struct Local: Sendable {
        let question: String
        let proof: String
    }

    static let origin = ForeignOrigin("https://challenges.cloudflare.com")

    let action = Addresses.captcha
    let clip: String?
    let turnstile: Turnstile?
    let local: Local?
    /// Nothing is set up, so that the small cap is all there is.
    let isMissing: Bool
    let failure: String?
    let limit = CaptchaPass.limitedDailyWeight
    let minutes = CaptchaPass.lifetime.components.seconds / 60

    init(_ widget: CaptchaDesk.Widget, challenge: LocalChallenge?, clip: ID<Clip>?, failure: String? = nil) {
        self.clip = clip?.description
        self.failure = failure
        switch widget {
        case .turnstile(let siteKey):
            (turnstile, local, isMissing) = (Turnstile(siteKey: siteKey), nil, false)
        case .local:
            turnstile = nil
            local = challenge.map { Local(question: $0.question, proof: $0.proof) }
            isMissing = challenge == nil
        case .none: (turnstile, local, isMissing) = (nil, nil, true)
        }
    }

    var page: HTMLPage {
        var page = HTMLPage(
            "A short check", template: "tournament/captcha", model: self, stylesheets: ["tournament/tournament.css"])
        // Only this page, and only with a key, loads anything from elsewhere.
        if turnstile != nil { page.foreignOrigin = Self.origin }
        return page
    }
}
