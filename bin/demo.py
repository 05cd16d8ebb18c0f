print("The demonstration company is not filled yet.")
