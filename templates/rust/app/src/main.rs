fn main() {
    let who = std::env::args().nth(1).unwrap_or_else(|| "World".into());
    println!("{}", @@name:snake@@::greet(&who));
}
