/// Numbers for people.
enum Figures {
    /// Grouped by thousands; few digits after the point, and none for large or whole numbers.
    static func text(_ value: Double) -> String {
        guard value.isFinite else { return "?" }
        let magnitude = abs(value)
        if magnitude >= 100 || magnitude == magnitude.rounded() {
            guard magnitude < 9e18 else { return "over 9e18" }
            return (value < 0 ? "-" : "") + grouped(String(Int64(magnitude.rounded())))
        }
        let scaled = Int64((magnitude * 100).rounded())
        let fraction = scaled % 100
        return (value < 0 ? "-" : "") + grouped(String(scaled / 100)) + "." + (fraction < 10 ? "0" : "")
            + String(fraction)
    }

    /// Millionths of a currency's unit.
    static func money(_ micros: Int64) -> String { text(Double(micros) / 1_000_000) }

    private static func grouped(_ digits: String) -> String {
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }
}
