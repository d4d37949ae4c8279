/// How the console prints numbers.
enum Figures {
    /// Thousands grouped: `61,204`.
    static func number(_ value: Int) -> String {
        let digits = Array(String(value.magnitude))
        var text = value < 0 ? "−" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return text
    }

    /// With a fixed number of places, as in `0.50`; up to 4.
    static func decimal(_ value: Double, places: Int) -> String {
        let scale = [1.0, 10, 100, 1_000, 10_000][places]
        guard value.isFinite, abs(value) < 1e12 else { return "–" }
        let scaled = Int((abs(value) * scale).rounded())
        let whole = number(scaled / Int(scale))
        let sign = value < 0 && scaled > 0 ? "−" : ""
        guard places > 0 else { return sign + whole }
        let rest = String(scaled % Int(scale))
        return "\(sign)\(whole).\(String(repeating: "0", count: places - rest.count))\(rest)"
    }

    /// Milliseconds with three digits that matter: `0.42 ms`, `12.1 ms`, `1.20 s`.
    static func milliseconds(_ value: Double) -> String {
        switch value {
        case ..<10: decimal(value, places: 2) + " ms"
        case ..<100: decimal(value, places: 1) + " ms"
        case ..<1_000: decimal(value, places: 0) + " ms"
        default: decimal(value / 1_000, places: 2) + " s"
        }
    }

    /// Bytes in the unit that fits: `812 B`, `4.1 KiB`, `1.2 MiB`.
    static func bytes(_ value: Double) -> String {
        switch value {
        case ..<1_024: decimal(value, places: 0) + " B"
        case ..<1_048_576: decimal(value / 1_024, places: 1) + " KiB"
        default: decimal(value / 1_048_576, places: 1) + " MiB"
        }
    }
}
