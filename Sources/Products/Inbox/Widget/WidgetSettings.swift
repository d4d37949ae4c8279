import Base
import InboxVendors

/// How a company's widget looks and behaves.
struct WidgetSettings: Sendable, Hashable, Codable {
    enum Bounds {
        static let textCharacters = 300
        static let titleCharacters = 60
        /// Seconds after which a widget opens by itself, where it does.
        static let opensAfter = 3
        static let radius = 0...24
    }

    /// What a visitor is asked before the first message; all of it may be left empty.
    enum Field: String, Sendable, Hashable, Codable, CaseIterable { case name, email, phone }

    /// Which colours it has.
    enum Scheme: String, Sendable, Hashable, Codable, CaseIterable {
        /// As the visitor's device has it.
        case auto
        case light, dark
    }

    /// On which sites it may stand, exactly.
    var origins: [String] = []
    var title = "Chat with us"
    var greeting = "Hello! Ask us anything; we answer here."
    /// What the bot is called.
    var botName = "Assistant"
    /// The colour of buttons and of the visitor's own messages, as `#rrggbb`.
    var accent = "#1f6f4a"
    /// Of corners, in pixels.
    var radius = 14
    var scheme = Scheme.auto
    var fields: [Field] = [.name, .email]
    /// Whether it opens by itself after three seconds, once for a visitor.
    var opensByItself = false
    /// Whether visitors may send files.
    var takesFiles = true

    /// The name of the first rule that is broken; `nil` when all hold.
    var fault: String? {
        if OriginRule(origins) == nil { return "origins" }
        if !(1...Bounds.titleCharacters).contains(title.unicodeScalars.count) { return "title" }
        if !(1...Bounds.titleCharacters).contains(botName.unicodeScalars.count) { return "botName" }
        if greeting.unicodeScalars.count > Bounds.textCharacters { return "greeting" }
        if !Self.isColour(accent) { return "accent" }
        if !Bounds.radius.contains(radius) { return "radius" }
        return Set(fields).count == fields.count ? nil : "fields"
    }

    /// The sites, as browsers name them.
    var rule: OriginRule? { OriginRule(origins) }

    private static func isColour(_ text: String) -> Bool {
        text.utf8.count == 7 && text.hasPrefix("#") && text.dropFirst().allSatisfy(\.isHexDigit)
    }

    /// Whether white can be read on the accent, by the contrast of WCAG 2; black can otherwise.
    var isAccentDark: Bool {
        let digits = Array(accent.utf8.dropFirst())
        guard digits.count == 6 else { return true }
        let parts = stride(from: 0, to: 6, by: 2).map { place -> Double in
            let value = Int(String(decoding: digits[place..<place + 2], as: UTF8.self), radix: 16) ?? 0
            let part = Double(value) / 255
            return part <= 0.040_45 ? part / 12.92 : WidgetSettings.power((part + 0.055) / 1.055)
        }
        let luminance = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
        return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05
    }

    /// To the power of 2.4, near enough for a choice of two.
    private static func power(_ value: Double) -> Double { value * value * value.squareRoot() }
}
