fn sum(numbers: impl Iterator<Item = i64>) -> i64 {
    numbers.sum()
}

fn main() {
    println!("{}", sum(std::env::args().skip(1).map(|text| text.parse::<i64>().expect("a number"))));
}

#[cfg(test)]
mod tests {
    #[test]
    fn sums() {
        assert_eq!(super::sum([1, 2].into_iter()), 3);
    }
}
