"""Never the network: random programs under a guard that hears of every connect and every look-up."""
