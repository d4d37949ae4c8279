import Foundation

/// The words of the demo: names that belong to nobody, and what people say around what they want.
enum DemoWords {
    static let firstNames = [
        "Maya", "Jonas", "Aïcha", "Björn", "Chloé", "Dmitri", "Elif", "Fatima", "Giulia", "Hiro", "Ingrid", "João",
        "Katarzyna", "Lars", "Mei", "Noah", "Oksana", "Pavel", "Quynh", "Rosa", "Søren", "Tariq", "Uma", "Viktor",
        "Wanda", "Xenia", "Yusuf", "Zoë", "Amara", "Benoît", "Carmen", "Dilnoza", "Emre", "Freya", "Goran", "Hana",
        "Idris", "Jana", "Kofi", "Lucía",
    ]

    static let lastNames = [
        "Abendroth", "Brightwater", "Castellán", "Dombrowska", "Eikeland", "Fairweather", "Grünwald", "Halvorsen",
        "Ivanenko", "Jørstad", "Kowalczyk", "Lindqvist", "Marchetti", "Nakajima", "Oyelaran", "Pettersen", "Quintero",
        "Rosewood", "Sayegh", "Tanaka", "Ulvestad", "Vasquez", "Winterbourne", "Yıldırım", "Zimmer", "Ashdown",
        "Bellweather", "Çelik", "D'Amico", "Echeverría", "Fontaine", "Gallagher", "Hoang", "Iverson", "Jansen",
        "Käfer", "Lefèvre", "Moreau", "Nwosu", "O'Sullivan",
    ]

    static let locales = ["en", "en", "de", "en", "es", "fr", "de", "it"]

    static let greetings = [
        "Hi!", "Hello,", "Good morning!", "Hey 👋", "Hallo!", "Bonjour,", "¡Hola!", "Hi there,", "Quick question:",
        "Grüß Gott,", "Ciao!", "Hello everybody,",
    ]

    static let thanks = [
        "Perfect, thank you!", "Great, thanks a lot 🙏", "Danke, das hilft mir sehr.", "Merci beaucoup !",
        "¡Muchas gracias!", "Ok, got it. Thanks!", "Wonderful. Have a nice day ☀️", "Thanks, you were quick.",
    ]

    static let nudges = [
        "Could somebody look into it today, please?", "Any news? 🙂", "Is there a person I can talk to?",
        "Hello? I am still waiting.", "I will be near the shop at five, can you tell me before?",
        "One more thing, I lost the receipt. Is that a problem?", "Könnten Sie mich bitte zurückrufen?",
        "Can I send you a photo of it?",
    ]

    /// A name as an address for letters can have it.
    static func plain(_ name: String) -> String {
        let letters = name.decomposedStringWithCanonicalMapping.lowercased().unicodeScalars.filter {
            (97...122).contains($0.value)
        }
        return letters.isEmpty ? "x" : String(String.UnicodeScalarView(letters))
    }
}
