/// Names of the demo's clips and people.
enum DemoNames {
    private static let first = [
        "Ada", "Bruno", "Chiara", "Dele", "Esra", "Finn", "Greta", "Hassan", "Ines", "Jonas", "Kofi", "Lena", "Mateo",
        "Nora", "Omar", "Priya", "Quinn", "Rosa", "Sven", "Tara",
    ]
    private static let last = ["Abel", "Brandt", "Castillo", "Dahl", "Eze", "Ferrari", "Grant", "Hughes", "Ito"]
    private static let adjectives = [
        "Quiet", "Paper", "Last", "Salt", "Northern", "Borrowed", "Glass", "Slow", "Hidden", "Copper", "Distant",
        "Second", "Wild", "Velvet", "Broken",
    ]
    private static let nouns = [
        "Lighthouse", "Harbour", "Signal", "Tide", "Keeper", "Storm", "Letter", "Window", "Island", "Lantern",
        "Crossing", "Compass", "Garden",
    ]

    /// A person's name; the first 180 differ.
    static func person(_ number: Int) -> String {
        "\(first[number % first.count]) \(last[(number / first.count + number) % last.count])"
    }

    /// A clip's title; the first 195 differ, as 15 and 13 have no common divisor.
    static func title(_ number: Int) -> String {
        "\(adjectives[number % adjectives.count]) \(nouns[number % nouns.count])"
    }

    /// Where a clip's files are.
    static func files(_ number: Int) -> Clip.Files {
        Clip.Files(poster: DemoRoutes.poster(number), small: DemoRoutes.film(number), large: nil)
    }
}
