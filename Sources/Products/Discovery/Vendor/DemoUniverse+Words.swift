/// The words that invented creators are made from.
extension DemoUniverse {
    static let firstNames = [
        "Ada", "Bela", "Chiara", "Dele", "Esra", "Finn", "Greta", "Hana", "Ines", "Jonah", "Kofi", "Lena", "Mateo",
        "Nora", "Omar", "Priya", "Quinn", "Rosa", "Sven", "Tara", "Uma", "Vera", "Wanjiru", "Xenia", "Yuki", "Zoe",
        "Amara", "Bruno", "Clara", "Diego", "Elif", "Farid", "Gloria", "Hugo", "Isla", "Jun", "Kaia", "Luca", "Mina",
        "Nils", "Olga", "Pablo", "Ravi", "Sara", "Theo", "Ursula", "Viktor", "Wren", "Yara", "Zahra",
    ]
    static let lastNames = [
        "Abel", "Brandt", "Castillo", "Dahl", "Eze", "Ferrari", "Grant", "Hughes", "Ito", "Jansen", "Khan", "Lopez",
        "Moreau", "Novak", "Okafor", "Park", "Quist", "Rossi", "Sato", "Tanaka", "Ueda", "Vidal", "Weber", "Yilmaz",
        "Zhou", "Adeyemi", "Berg", "Costa", "Duarte", "Engel", "Fischer", "Garcia", "Hansen", "Ivanov", "Juarez",
        "Kowalski", "Larsen", "Mendes", "Nguyen", "Olsen",
    ]
    static let countries = [
        "US", "US", "US", "GB", "GB", "DE", "FR", "ES", "IT", "BR", "CA", "AU", "NL", "JP", "SE", "AT", "MX", "PT",
        "IE",
    ]
    static let openings = [
        "Mostly", "Every day:", "Notes on", "Learning", "Slowly getting better at", "All about", "Honest talk about",
        "A small channel for", "Weekends full of", "Teaching",
    ]
    static let captions = [
        "what I would do differently", "a whole day of it", "three mistakes", "the kit I really use",
        "start here if you are new", "before and after", "I tried it for a month", "questions you asked", "no talking",
        "the long version",
    ]
}
