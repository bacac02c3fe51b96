//! The channel host: accounts, lanes, access, pairing, routing and delivery.
