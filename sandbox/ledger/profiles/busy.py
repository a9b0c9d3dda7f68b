"""A wholesaler in Ohio: tens of thousands of documents, sales tax, the calendar year."""

from sandbox.ledger.profile import Habits, ItemSpec, Names, Profile
from sandbox.ledger.records import Address, TaxComponent, TaxRate

_PRODUCTS = (
    ("Copy paper, carton", 3895, 2210), ("Packing tape, case of 36", 5240, 3010),
    ("Stretch wrap, roll", 2160, 1190), ("Nitrile gloves, case", 7450, 4320),
    ("Hand soap, 4 gallons", 4890, 2700), ("Shop towels, case", 3340, 1870),
    ("Safety glasses, dozen", 4110, 2240), ("Ear plugs, box of 200", 2690, 1420),
    ("Cable ties, 1,000", 1980, 990), ("LED tubes, box of 25", 16250, 9300),
    ("Work gloves, dozen", 5720, 3260), ("Trash liners, case", 3070, 1660),
    ("Pallet jack", 32900, 20100), ("Hand truck", 9890, 5900),
    ("Extension cord, 50 ft", 3560, 2050), ("Floor cleaner, 5 gallons", 5480, 3150),
    ("First aid kit", 4650, 2480), ("Shelving unit", 12900, 7650),
    ("Label printer", 21900, 14200), ("Thermal labels, case", 8340, 4920),
    ("Corrugated boxes, bundle", 2890, 1610), ("Bubble wrap, roll", 4420, 2510),
    ("Spill kit", 10650, 6120), ("Fire extinguisher", 6890, 4100),
)

_NAMES = Names(
    first=(
        "Aaron", "Brianna", "Carlos", "Dana", "Ethan", "Faith", "Grace", "Hector", "Isabel", "Jamal",
        "Kayla", "Luis", "Megan", "Nathan", "Olivia", "Peter", "Quinn", "Rosa", "Steven", "Tanya",
        "Victor", "Wendy", "Xavier", "Yolanda", "Zachary",
    ),
    last=(
        "Anderson", "Brooks", "Castillo", "Dawson", "Evans", "Foster", "Garcia", "Hayes", "Ingram",
        "Jackson", "Kowalski", "Lopez", "Miller", "Nguyen", "O'Brien", "Perez", "Reyes", "Sanders",
        "Thompson", "Underwood", "Vargas", "Walker", "Young", "Zimmerman",
    ),
    heads=(
        "Allied", "Buckeye", "Cuyahoga", "Delta", "Erie", "Frontier", "Great Lakes", "Heartland",
        "Ironwood", "Junction", "Keystone", "Lakeshore", "Maumee", "National", "Ohio Valley",
        "Pioneer", "Quarry", "River City", "Summit", "Tri-County", "Union", "Valley", "Westgate",
        "Crossroads", "Yellow Creek", "Stateline", "Rust Belt", "Maple Ridge", "Cardinal", "Liberty",
    ),
    tails=(
        "Assembly", "Builders", "Clinics", "Distribution", "Electric", "Fabrication", "Garage",
        "Hardware", "Industries", "Janitorial", "Kitchens", "Logistics", "Manufacturing", "Nursery",
        "Packaging", "Plumbing", "Roofing", "Schools", "Supply", "Tool & Die", "Warehousing",
    ),
    suffixes=("Inc.", "LLC", "Co.", "Corp.", "Group", "Partners"),
    streets=(
        "Broad Street", "Carnegie Avenue", "Dixie Highway", "Euclid Avenue", "Front Street",
        "High Street", "Industrial Parkway", "Lake Road", "Main Street", "Superior Avenue",
    ),
    cities=(
        ("Cleveland", "OH", "44114"), ("Columbus", "OH", "43215"), ("Toledo", "OH", "43604"),
        ("Akron", "OH", "44308"), ("Dayton", "OH", "45402"), ("Erie", "PA", "16501"),
        ("Pittsburgh", "PA", "15222"), ("Detroit", "MI", "48226"), ("Fort Wayne", "IN", "46802"),
    ),
    country="US",
    phone="(216) 555-{}",
)

BUSY = Profile(
    key="busy",
    name="Northwind Wholesale",
    legal_name="Northwind Wholesale, Inc.",
    summary="A wholesaler of packaging and safety supplies in Cleveland",
    size="Tens of thousands of invoices, bills and payments",
    registration_number="OH-2048817",
    tax_number="34-1987602",
    currency="USD",
    year_start=(1, 1),
    founded="2008-09-02",
    phone="(216) 555-0147",
    website="https://northwind-wholesale.example",
    address=Address(
        line1="4400 Lakeside Avenue", line2="Dock 12", city="Cleveland", region="OH", country="US",
        postcode="44114",
    ),
    names=_NAMES,
    items=(
        *(
            ItemSpec(f"NW{number:03d}", name, "stock", price, cost, "goods", "OH")
            for number, (name, price, cost) in enumerate(_PRODUCTS, start=1)
        ),
        ItemSpec("SETUP", "Site set-up", "service", 12500, 0, "services", "EXEMPT"),
        ItemSpec("AUDIT", "Safety audit", "service", 45000, 0, "services", "EXEMPT"),
        ItemSpec("FREIGHT", "Freight", "service", 7500, 0, "delivery", "EXEMPT"),
    ),
    tax_rates=(
        TaxRate(id="tax_oh", code="OH", name="Ohio and Cuyahoga County 8%", rate=800,
                components=(TaxComponent("State", 575), TaxComponent("County", 225))),
        TaxRate(id="tax_exempt", code="EXEMPT", name="Exempt", rate=0),
        TaxRate(id="tax_pa", code="PA", name="Pennsylvania 6%", rate=600,
                components=(TaxComponent("State", 600),)),
    ),
    tax_recoverable=False,
    tax_period=1,
    tax_authority="Ohio Department of Taxation",
    taxed_customers=0.3,
    default_tax="OH",
    no_tax="EXEMPT",
    zero_tax="EXEMPT",
    customers=520,
    new_customers=6,
    suppliers={
        "inventory": 60, "rent": 1, "utilities": 6, "repairs": 9, "marketing": 7,
        "professional": 6, "software": 8, "insurance": 2, "travel": 5, "freight": 12,
    },
    invoices=300,
    bills=190,
    card_purchases=45,
    typical_invoice=340_000,
    season=(0.85, 0.85, 1.0, 1.05, 1.05, 1.1, 0.95, 1.0, 1.1, 1.15, 1.05, 0.85),
    growth=0.009,
    live=1.4,
    churn=14,
    cost_share=0.62,
    wage_share=0.13,
    salary=420_000,
    rent=2_450_000,
    loan=90_000_000,
    loan_rate=0.059,
    loan_months=84,
    equipment=78_000_000,
    bank=("Lake Erie Trust", "88120047", "041000124", None),
    max_lines=4,
    habits=Habits(pays_together=0.1, edited=0.03),
)
